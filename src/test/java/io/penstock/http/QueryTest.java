package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.penstock.json.InvalidRequest;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// A query as it stands in a request's first line, and what is read from it or refused.
class QueryTest {

    private static final Set<String> NAMES = Set.of("after", "limit", "order");

    @Test
    void eachOptionIsReadAsItsText() {
        Query query = query("after=a%20%C3%A4+b&limit=10");

        assertThat(query.options()).isEqualTo(Map.of("after", "a ä b", "limit", "10"));
        assertThat(query.text("after")).isEqualTo("a ä b");
        assertThat(query.text("order")).isNull();
    }

    @Test
    void noQueryHasNoOptions() {
        assertThat(Query.of(Map.of(), null, NAMES).options()).isEmpty();
        assertThat(Query.of(Map.of(), "", NAMES).options()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    lmit=1                | lmit  | unknown_field | "lmit" is not an option of this path's query.
                    Limit=1               | Limit | unknown_field | "Limit" is not an option of this path's query.
                    limit=1&limit=1       | limit | out_of_range  | "limit" is in the query more than once; give it once.
                    limit=                | limit | out_of_range  | "limit" is empty; give it a value or leave it out.
                    limit                 | limit | out_of_range  | "limit" is empty; give it a value or leave it out.
                    """)
    void anOptionThatIsNotAsItShouldBeIsNamed(
            String raw, String param, String code, String message) {
        InvalidRequest refused = refused(raw);

        assertThat(refused.param()).isEqualTo(param);
        assertThat(refused.code()).isEqualTo(code);
        assertThat(refused.text()).isEqualTo(message);
    }

    @Test
    void aLongNameIsCutWhereItIsNamed() {
        InvalidRequest refused = refused("x".repeat(10_000) + "=1");

        assertThat(refused.param()).isEqualTo("x".repeat(64));
        assertThat(refused.text()).hasSizeLessThan(150);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "after=%ff",
                "after=%c3",
                "after=%c0%af",
                "after=%ed%a0%80",
                "after=%f4%90%80%80",
                "after=a%",
                "after=a%4",
                "after=a%zz",
                "after=%-1",
                "after=a\u00e4",
                "after=a\ud83d\ude80",
            })
    void bytesThatAreNoTextAreRefusedWhateverTheDecoderMadeOfThem(String raw) {
        InvalidRequest refused =
                catchThrowableOfType(
                        InvalidRequest.class,
                        () -> Query.of(Map.of("after", List.of("\ufffd")), raw, NAMES));

        assertThat(refused.code()).isEqualTo("invalid_query");
        assertThat(refused.param()).isNull();
    }

    @Test
    void aTextOfEveryLengthOfCharactersIsTaken() {
        assertThat(query("after=%00%7f%C2%80%ef%bf%bf%F0%9F%9A%80").text("after"))
                .isEqualTo("\0\u007f\u0080\uffff\ud83d\ude80");
    }

    @Test
    void anOrderIsOldestOrNewestFirst() {
        assertThat(query("order=asc").oldestFirst()).isTrue();
        assertThat(query("order=desc").oldestFirst()).isFalse();
        assertThat(query("").oldestFirst()).isFalse();
        for (String odd : List.of("ASC", " asc", "newest", "%00")) {
            Query query = query("order=" + odd.replace(" ", "%20"));
            assertThat(catchThrowableOfType(InvalidRequest.class, query::oldestFirst).param())
                    .isEqualTo("order");
        }
    }

    @Test
    void aNumberIsWholeAndWithinItsRange() {
        assertThat(query("").number("limit", 20, 100)).isEqualTo(20);
        assertThat(query("limit=1").number("limit", 20, 100)).isEqualTo(1);
        assertThat(query("limit=100").number("limit", 20, 100)).isEqualTo(100);
        assertThat(query("limit=000000007").number("limit", 20, 100)).isEqualTo(7);
        for (String odd :
                List.of(
                        "0",
                        "101",
                        "-1",
                        "%2B1",
                        "1.0",
                        "1e1",
                        "0x1",
                        "1_0",
                        "%20",
                        "%D9%A1",
                        "999999999",
                        "2147483648",
                        "9".repeat(1000))) {
            Query query = query("limit=" + odd);
            InvalidRequest refused =
                    catchThrowableOfType(
                            InvalidRequest.class, () -> query.number("limit", 20, 100));
            assertThat(refused).as(odd).isNotNull();
            assertThat(refused.text()).isEqualTo("\"limit\" must be a whole number from 1 to 100.");
        }
    }

    private static InvalidRequest refused(String raw) {
        return catchThrowableOfType(InvalidRequest.class, () -> query(raw));
    }

    /// As the server decodes it.
    private static Query query(String raw) {
        Map<String, List<String>> given = new TreeMap<>();
        for (String option : raw.split("&")) {
            if (!option.isEmpty()) {
                String[] parts = option.split("=", 2);
                given.computeIfAbsent(decoded(parts[0]), _ -> new ArrayList<>())
                        .add(parts.length == 1 ? "" : decoded(parts[1]));
            }
        }
        return Query.of(given, raw, NAMES);
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }
}
