package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.json.InvalidRequest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CsvTest {

    @Test
    void fieldsHoldSeparatorsLineEndsAndQuotationMarksWhenTheyAreQuoted() throws IOException {
        assertThat(read("a,\"b,\"\"c\"\"\nd\",e\r\n\r\n,\n", ','))
                .containsExactly(List.of("a", "b,\"c\"\nd", "e"), List.of("", ""));
        assertThat(read("\ufeffa\tb", '\t')).containsExactly(List.of("a", "b"));
        assertThat(read("", ',')).isEmpty();
    }

    @Test
    void linesAreCountedWhateverEndsThem() throws IOException {
        Csv csv = csv("a\r\n\"b\nc\"\r\n\nd\n");
        csv.next();
        assertThat(csv.line()).isEqualTo(1);
        csv.next();
        assertThat(csv.line()).isEqualTo(2);
        assertThat(csv.next()).containsExactly("d");
        assertThat(csv.line()).isEqualTo(5);
        assertThat(csv.next()).isNull();
    }

    @Test
    void aQuotationMarkThatIsNeverClosedIsRefusedAtItsLine() throws IOException {
        Csv csv = csv("a\nb,\"c\nd");
        csv.next();

        assertThatThrownBy(csv::next)
                .isInstanceOf(InvalidRequest.class)
                .hasMessageContaining("never closed");
        assertThat(csv.line()).isEqualTo(2);
    }

    @Test
    void otherEncodingsAndEndlessRecordsAreRefused() {
        byte[] latin1 = "caf\u00e9,b\n".getBytes(StandardCharsets.ISO_8859_1);
        assertThatThrownBy(() -> new Csv(new ByteArrayInputStream(latin1), ',').next())
                .hasMessageContaining("UTF-8");
        assertThatThrownBy(() -> read("\"" + "x".repeat((4 << 20) + 1) + "\"", ','))
                .hasMessageContaining("longer than 4 MB");
        assertThatThrownBy(() -> read(",".repeat(10_001), ','))
                .hasMessageContaining("more than 10000 fields");
    }

    private static Csv csv(String text) throws IOException {
        return new Csv(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), ',');
    }

    private static List<List<String>> read(String text, char separator) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        List<List<String>> all = new ArrayList<>();
        try (Csv csv = new Csv(new ByteArrayInputStream(bytes), separator)) {
            for (List<String> row = csv.next(); row != null; row = csv.next()) {
                all.add(row);
            }
        }
        return all;
    }
}
