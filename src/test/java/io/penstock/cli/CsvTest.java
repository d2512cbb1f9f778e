package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.StringReader;
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
        Csv csv = new Csv(new StringReader("a\r\n\"b\nc\"\rd\n"), ',');
        assertThat(csv.line()).isEqualTo(1);
        csv.next();
        assertThat(csv.line()).isEqualTo(2);
        csv.next();
        assertThat(csv.line()).isEqualTo(4);
        assertThat(csv.next()).containsExactly("d");
    }

    @Test
    void aQuotationMarkThatIsNeverClosedIsRefusedWithItsLine() {
        assertThatThrownBy(() -> read("a\nb,\"c\nd", ','))
                .isInstanceOf(CannotBegin.class)
                .hasMessageContaining("line 2");
    }

    @Test
    void aTemplateNamesColumnsAndKeepsDoubledBraces() {
        RowPrompt prompt = new RowPrompt("{{\"x\":\"{a}\"}} {b c}$1");
        assertThat(prompt.names()).containsExactly("a", "b c");
        assertThat(prompt.of(name -> name + "\\$")).isEqualTo("{\"x\":\"a\\$\"} b c\\$$1");
        assertThatThrownBy(() -> prompt.of(_ -> null)).hasMessageContaining("\"a\"");
        assertThatThrownBy(() -> new RowPrompt("a } b")).hasMessageContaining("character 3");
    }

    private static List<List<String>> read(String text, char separator) throws IOException {
        Csv csv = new Csv(new StringReader(text), separator);
        List<List<String>> all = new ArrayList<>();
        for (List<String> row = csv.next(); row != null; row = csv.next()) {
            all.add(row);
        }
        return all;
    }
}
