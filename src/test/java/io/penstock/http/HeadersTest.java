package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// No value of a provider's can keep an answer from its caller. The server's own headers, which
/// refuse what may not be sent, take them.
class HeadersTest {

    private final DefaultHttpHeaders sent = new DefaultHttpHeaders();
    private final Headers headers = new Headers(sent::set);

    @Test
    void whateverAValueIsItIsWrittenSoThatItCanBeSent() {
        Map<String, String> odd =
                Map.of(
                        "lines", "a\r\nset-cookie: b",
                        "controls", "\u0000\u0001\t\u007f",
                        "unicode", "Modell-ä 中 \ud83d\ude80 \ud83d",
                        "empty", "",
                        "long", "x".repeat(100_000));
        odd.forEach((name, value) -> headers.put(name, () -> value));

        assertThat(sent).hasSize(5);
        assertThat(sent.get("lines")).isEqualTo("a??set-cookie: b");
        assertThat(sent.get("controls")).isEqualTo("????");
        assertThat(sent.get("unicode")).matches("Modell-\\? \\? \\?+ \\?");
        assertThat(sent.get("long")).hasSizeLessThan(1000);
    }

    @Test
    void whatFailsWhileItIsFoundIsLeftOutAndTheRestIsWritten() {
        headers.put("limit", () -> Long.toString(60_000 / (sent.size())));
        headers.put("absent", () -> null);
        headers.putAll(() -> {
            throw new ArithmeticException("/ by zero");
        });
        Map<String, String> values = new HashMap<>();
        values.put("no name\r\n", "a");
        values.put("", "b");
        values.put("nothing", null);
        values.put("some", "c");
        headers.putAll(() -> values);
        headers.put("last", () -> "d");

        assertThat(sent.names()).containsExactlyInAnyOrder("some", "last");
    }
}
