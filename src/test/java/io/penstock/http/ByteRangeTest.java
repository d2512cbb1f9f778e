package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteRangeTest {

    private static final long SIZE = 10;

    @ParameterizedTest
    @CsvSource({
        "bytes=0-3, bytes 0-3/10, 4",
        "bytes=4-, bytes 4-9/10, 6",
        "bytes=-3, bytes 7-9/10, 3",
        "bytes=-99, bytes 0-9/10, 10",
        "bytes=9-99, bytes 9-9/10, 1"
    })
    void oneRangeIsThatPart(String header, String part, long length) {
        ByteRange range = Objects.requireNonNull(ByteRange.of(header, SIZE));

        assertThat(range.isEmpty()).isFalse();
        assertThat(range.length()).isEqualTo(length);
        assertThat(range).hasToString(part);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bytes=10-", "bytes=5-4", "bytes=-0", "bytes=999999999999999999-"})
    void aPartThatIsNotThereIsEmpty(String header) {
        assertThat(Objects.requireNonNull(ByteRange.of(header, SIZE)).isEmpty()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bytes=-", "bytes=0-1,3-4", "lines=1-2", "bytes=a-b", ""})
    void anythingElseIsTheWhole(String header) {
        assertThat(ByteRange.of(header, SIZE)).isNull();
    }

    @Test
    void noHeaderIsTheWhole() {
        assertThat(ByteRange.of(null, SIZE)).isNull();
    }
}
