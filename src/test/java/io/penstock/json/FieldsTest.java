package io.penstock.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// A caller's JSON object, and what is taken from it by name or refused.
class FieldsTest {

    @Test
    void eachKindOfFieldIsTakenAsItIs() {
        Fields fields =
                Fields.of(
                        """
                        {"text":"","number":0.5,"whole":9223372036854775807,"flag":false,
                         "object":{},"array":[],"label":7}
                        """);

        assertThat(fields.text("text")).isEmpty();
        assertThat(fields.number("number", 0, 1)).isEqualTo(0.5);
        assertThat(fields.number("whole", 0, 1e19)).isEqualTo(9223372036854775807.0);
        assertThat(fields.integer("whole", 0, Long.MAX_VALUE)).isEqualTo(Long.MAX_VALUE);
        assertThat(fields.flag("flag")).isFalse();
        assertThat(fields.object("object")).isEmpty();
        assertThat(fields.array("array")).isEmpty();
        assertThat(fields.label("label")).hasToString("7");
        assertThat(fields.label("text")).hasToString("\"\"");
        assertThat(fields.has("text")).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "{\"a\":null}"})
    void whatIsNullIsAbsent(String json) {
        Fields fields = Fields.of(json);

        assertThat(fields.has("a")).isFalse();
        assertThat(fields.text("a")).isNull();
        assertThat(fields.number("a", 0, 1)).isNull();
        assertThat(fields.integer("a", 0, 1)).isNull();
        assertThat(fields.flag("a")).isNull();
        assertThat(fields.object("a")).isNull();
        assertThat(fields.array("a")).isNull();
        assertThat(fields.label("a")).isNull();
        assertThat(refused(json, all -> all.requiredText("a")).text())
                .isEqualTo("\"a\" is missing.");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    text    | 7       | "a" is a number; it must be a string.
                    text    | ["b"]   | "a" is an array; it must be a string.
                    number  | "7"     | "a" is a string; it must be a number.
                    number  | true    | "a" is a boolean; it must be a number.
                    integer | "7"     | "a" is a string; it must be a whole number.
                    integer | 7.0     | "a" is a number; it must be a whole number.
                    integer | 7e0     | "a" is a number; it must be a whole number.
                    flag    | "true"  | "a" is a string; it must be true or false.
                    flag    | 1       | "a" is a number; it must be true or false.
                    object  | []      | "a" is an array; it must be an object.
                    array   | {}      | "a" is an object; it must be an array.
                    label   | {}      | "a" is an object; it must be a string or a number.
                    label   | false   | "a" is a boolean; it must be a string or a number.
                    """)
    void nothingIsConverted(String kind, String value, String message) {
        InvalidRequest refused = refused("{\"a\":" + value + "}", fields -> take(kind, fields));

        assertThat(refused.code()).isEqualTo("wrong_type");
        assertThat(refused.param()).isEqualTo("a");
        assertThat(refused.text()).isEqualTo(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    number  | -0.0000001
                    number  | 2.0000001
                    number  | 1E+400
                    number  | -1E+400
                    integer | -1
                    integer | 3
                    integer | 9223372036854775808
                    integer | 18446744073709551617
                    """)
    void whatIsBeyondItsRangeIsToldTheRange(String kind, String value) {
        InvalidRequest refused = refused("{\"a\":" + value + "}", fields -> take(kind, fields));

        assertThat(refused.code()).isEqualTo("out_of_range");
        assertThat(refused.text()).isEqualTo("\"a\" must be from 0 to 2.");
    }

    @Test
    void aRangesEndsBelongToIt() {
        Fields fields = Fields.of("{\"a\":0,\"b\":2,\"c\":-0.0,\"d\":1E-400}");

        assertThat(fields.number("a", 0, 2)).isZero();
        assertThat(fields.integer("b", 0, 2)).isEqualTo(2);
        assertThat(fields.number("c", 0, 2)).isNotNull();
        assertThat(fields.number("d", 0, 2)).isZero();
        assertThat(refused("{\"a\":3}", all -> all.number("a", 0.5, 2.25)).text())
                .isEqualTo("\"a\" must be from 0.5 to 2.25.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "\\t\\n", "\u2003"})
    void aBlankTextIsNoRequiredOne(String blank) {
        InvalidRequest refused =
                refused("{\"a\":\"" + blank + "\"}", fields -> fields.requiredText("a"));

        assertThat(refused.code()).isEqualTo("blank_field");
        assertThat(refused.text()).isEqualTo("\"a\" is blank.");
    }

    @Test
    void aFieldThatNobodyKnowsIsNamedBeforeOneIsMissed() {
        Set<String> names = Set.of("a");

        assertThat(Fields.of("{\"a\":1}").only(names).integer("a", 0, 2)).isEqualTo(1);
        for (String name : new String[] {"A", "", "a ", "a.b", "b\\u0000"}) {
            InvalidRequest refused =
                    refused("{\"" + name + "\":null}", fields -> fields.only(names));
            assertThat(refused.code()).as(name).isEqualTo("unknown_field");
            assertThat(refused.text()).endsWith(" is not a field of this request.");
        }
    }

    @Test
    void aLongNameIsCutBetweenCharacters() {
        String name = "x".repeat(63) + "\ud83d\ude80".repeat(100);

        InvalidRequest refused =
                refused("{\"" + name + "\":1}", fields -> fields.only(Set.of("a")));

        assertThat(refused.param()).isEqualTo("x".repeat(63) + "…");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    ``      | The body is empty; send a JSON object.
                    []      | The body is an array; send a JSON object.
                    "a"     | The body is a string; send a JSON object.
                    1       | The body is a number; send a JSON object.
                    true    | The body is a boolean; send a JSON object.
                    null    | The body is null; send a JSON object.
                    """)
    void whatIsNoObjectIsSaidToBeWhatItIs(String json, String message) {
        InvalidRequest refused = catchThrowableOfType(InvalidRequest.class, () -> Fields.of(json));

        assertThat(refused.code()).isEqualTo("invalid_json");
        assertThat(refused.param()).isNull();
        assertThat(refused.text()).isEqualTo(message);
    }

    private static String take(String kind, Fields fields) {
        return String.valueOf(
                switch (kind) {
                    case "text" -> fields.text("a");
                    case "number" -> fields.number("a", 0, 2);
                    case "integer" -> fields.integer("a", 0, 2);
                    case "flag" -> fields.flag("a");
                    case "object" -> fields.object("a");
                    case "array" -> fields.array("a");
                    case "label" -> fields.label("a");
                    default -> throw new IllegalArgumentException(kind);
                });
    }

    @Test
    void aRefusalSaysWhereTheValueIs() {
        InvalidRequest field = refused("{\"a\":1}", fields -> fields.text("a"));
        InvalidRequest whole = catchThrowableOfType(InvalidRequest.class, () -> Fields.of("[]"));

        assertThat(field.text("It")).isEqualTo("\"a\" is a number; it must be a string.");
        assertThat(field.within("body").text())
                .isEqualTo("\"body.a\" is a number; it must be a string.");
        assertThat(whole.text()).isEqualTo("The body is an array; send a JSON object.");
        assertThat(whole.text("The line")).isEqualTo("The line is an array; send a JSON object.");
        assertThat(whole.within("body").text())
                .isEqualTo("\"body\" is an array; send a JSON object.");
    }

    private static InvalidRequest refused(String json, Function<Fields, @Nullable Object> taken) {
        Fields fields = Fields.of(json);
        InvalidRequest refused =
                catchThrowableOfType(InvalidRequest.class, () -> taken.apply(fields));
        assertThat(refused).as(json).isNotNull();
        return refused;
    }
}
