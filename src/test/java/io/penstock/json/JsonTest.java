package io.penstock.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Whatever the bytes are, there is a value that can be used, or a refusal in words.
class JsonTest {

    /// As the numbers of a body are passed on.
    private static final List<String> HELD =
            List.of(
                    "0",
                    "-1",
                    "0.10",
                    "1.0",
                    "1E+400",
                    "1E-400",
                    "2147483648",
                    "2512292042121000001",
                    "123456789012345678901234567890",
                    "0.1234567890123456789012345678901234567890",
                    "1E+9999",
                    "9".repeat(1000));

    private static final List<String> BEYOND =
            List.of(
                    "1e99999999999",
                    "1E+999999999",
                    "1e-99999999999",
                    "-1.5e2147483648",
                    "0e99999999999",
                    "1e10000",
                    "1e" + "9".repeat(900),
                    "9".repeat(1001),
                    "9".repeat(100_000),
                    "0." + "1".repeat(100_000));

    @Test
    void numbersKeepEveryDigit() {
        for (String number : HELD) {
            assertThat(Json.read("[" + number + "]").toString()).isEqualTo("[" + number + "]");
        }
        assertThat(Json.read("1e400").toString()).isEqualTo("1E+400");
    }

    @Test
    void aNumberBeyondWhatCanBeHeldIsRefusedByName() {
        for (String number : BEYOND) {
            for (String json :
                    List.of(
                            "{\"a\":{\"b\":[0," + number + "]}}",
                            "{\"a\":{\"b\":[{}," + number + ",1],\"c\":1}}")) {
                InvalidRequest refused = refused(json);
                assertThat(refused.param()).as(number).isEqualTo("a.b[1]");
                assertThat(refused.code()).as(number).isEqualTo("out_of_range");
                assertThat(refused.text()).contains("\"a.b[1]\"", "line 1, column", "digits");
            }
        }
    }

    /// What a tree is asked for later may not fail either.
    @Test
    void whateverWasReadCanBeUsed() {
        for (String number : HELD) {
            JsonNode node = Json.read(number);
            assertThatCode(
                            () -> {
                                node.doubleValue();
                                node.intValue();
                                node.longValue();
                                node.decimalValue();
                                node.bigIntegerValue();
                                node.asText();
                                node.asInt();
                                node.isInt();
                                node.canConvertToInt();
                                node.canConvertToLong();
                                node.canConvertToExactIntegral();
                                node.deepCopy().hashCode();
                            })
                    .as(number)
                    .doesNotThrowAnyException();
        }
        JsonNode deep = Json.read("[".repeat(500) + "]".repeat(500));
        assertThat(deep.deepCopy().toString()).hasSize(1000);
    }

    @Test
    void nestingAndTheNumberOfValuesAreBounded() {
        assertThat(refused("[".repeat(501)).text()).contains("500 deep");
        assertThat(refused("{\"a\":".repeat(100_000)).text()).contains("500 deep");
        assertThat(refused("[" + "[],".repeat(3_000_000) + "1]").code()).isEqualTo("out_of_range");
        assertThat(refused("{\"" + "n".repeat(60_000) + "\":1}").code()).isEqualTo("out_of_range");
    }

    @Test
    void aFieldThatIsThereTwiceIsNamed() {
        assertThat(refused("{\"model\":\"a\",\"x\":1,\"model\":\"b\"}").text())
                .isEqualTo("\"model\" is there twice; send it once.");
        InvalidRequest within =
                refused("{\"messages\":[{},{\"role\":\"a\",\"role\":\"a\"}],\"x\":1}");
        assertThat(within.param()).isEqualTo("messages[1].role");
        assertThat(within.code()).isEqualTo("duplicate_field");
    }

    @Test
    void aByteOrderMarkIsPassedOverAndWhatFollowsTheValueIsNot() {
        assertThat(Json.read("\ufeff {\"a\":1}").path("a").asInt()).isEqualTo(1);
        assertThat(Json.read("\ufeff{\"a\":1}".getBytes(StandardCharsets.UTF_8)).path("a").asInt())
                .isEqualTo(1);
        assertThat(Json.read("{\"a\":1} \r\n\t").path("a").asInt()).isEqualTo(1);
        for (String after : List.of("x", "{}", "}", "]", "1", "\ufeff", "\u0000", ",", "data:")) {
            InvalidRequest refused = refused("{\"a\":1}\n " + after);
            assertThat(refused.text()).as(after).contains("after its JSON", "line 2, column");
        }
        assertThat(refused("\ufeff\ufeff{}").code()).isEqualTo("invalid_json");
    }

    @Test
    void nothingIsAMissingNode() {
        assertThat(Json.read("").isMissingNode()).isTrue();
        assertThat(Json.read(" \n").isMissingNode()).isTrue();
        assertThat(Json.read("\ufeff").isMissingNode()).isTrue();
        assertThat(Json.read(new byte[0]).isMissingNode()).isTrue();
    }

    /// A path for each of its values would take a thousand times as long.
    @Test
    void deepPathsCostNothingUntilOneIsNeeded() {
        String deep = ("{\"" + "n".repeat(65) + "\":").repeat(490);
        String wide = "\"\",".repeat(200_000);
        var threads = ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadCpuTime();

        JsonNode tree = Json.read(deep + "[" + wide + "\"\"]" + "}".repeat(490));
        long nanos = threads.getCurrentThreadCpuTime() - before;
        InvalidRequest half = refused(deep + "[" + wide + "\"\\ud800\"]" + "}".repeat(490));

        assertThat(tree.isObject()).isTrue();
        assertThat(nanos).isLessThan(1_000_000_000L);
        assertThat(half.code()).isEqualTo("invalid_json");
        assertThat(half.param()).startsWith("n".repeat(64) + "….");
        assertThat(half.param()).endsWith("n…[200000]").hasSizeLessThan(200);
        assertThat(half.text()).contains("half of a surrogate pair").hasSizeLessThan(320);
    }

    @Test
    void bytesCutRepeatedAndChangedAreReadOrRefused() {
        byte[] whole =
                ("{\"model\":\"m\",\"n\":[1,2.50,-3e7,1e400,true,null,\"\\u00e4\\ud83d\\ude80 \u4e2d\"],"
                                + "\"o\":{\"p\":{\"q\":[[]]}}}")
                        .getBytes(StandardCharsets.UTF_8);
        long seed = System.nanoTime();
        System.out.println("Seed " + seed);
        Random random = new Random(seed);
        for (int i = 0; i < 100_000; i++) {
            byte[] bytes = changed(whole, random);
            try {
                Json.read(Json.read(bytes).toString());
            } catch (InvalidRequest refused) {
                assertThat(refused.text()).isNotBlank();
            }
        }
    }

    private static byte[] changed(byte[] whole, Random random) {
        byte[] bytes = whole.clone();
        for (int n = random.nextInt(4); n >= 0; n--) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(4)) {
                case 0 -> bytes[at] = (byte) random.nextInt(256);
                case 1 -> bytes = Arrays.copyOf(bytes, at + 1);
                case 2 -> bytes[at] = whole[random.nextInt(whole.length)];
                default -> {
                    byte[] longer = Arrays.copyOf(bytes, bytes.length + 12);
                    System.arraycopy(bytes, at, longer, at + 12, bytes.length - at);
                    bytes = longer;
                    for (int k = 0; k < 12; k++) {
                        bytes[at + k] = (byte) "0123456789eE".charAt(random.nextInt(12));
                    }
                }
            }
        }
        return bytes;
    }

    private static InvalidRequest refused(String json) {
        InvalidRequest text = catchThrowableOfType(InvalidRequest.class, () -> Json.read(json));
        InvalidRequest bytes =
                catchThrowableOfType(
                        InvalidRequest.class,
                        () -> Json.read(json.getBytes(StandardCharsets.UTF_8)));
        assertThat(text).as("Read").isNotNull();
        assertThat(bytes).as("Read").isNotNull();
        assertThat(bytes.code()).isEqualTo(text.code());
        return bytes;
    }
}
