package io.penstock.llm;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.Caller;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Answers whose bytes were damaged on their way: a success is only ever the text that was sent,
/// and nothing is ever thrown.
///
/// No reader can see a damage within a JSON string that leaves the JSON as it is, nor that a whole
/// event is missing; the first is done in a part of the answers, which only must not be thrown at.
///
/// For so many seconds as the system property `penstock.fuzz.seconds` says, three by default.
class AnswerReaderFuzzTest {

    private static final Duration SLOWEST = Duration.ofSeconds(2);

    private long read;
    private long successes;
    private long slowestNanos;

    @Test
    void aDamagedAnswerIsItsTextOrAFailure() {
        long seed = Long.getLong("penstock.fuzz.seed", System.nanoTime());
        System.out.println("Seed " + seed);
        Random random = new Random(seed);
        long end =
                System.nanoTime()
                        + Duration.ofSeconds(Long.getLong("penstock.fuzz.seconds", 3)).toNanos();
        while (System.nanoTime() < end) {
            one(random);
        }
        System.out.printf(
                "%,d answers read, %,d of them successes, the slowest in %d ms%n",
                read, successes, slowestNanos / 1_000_000);
        assertThat(slowestNanos).isLessThan(SLOWEST.toNanos());
        assertThat(successes).isBetween(read / 100, read);
    }

    private void one(Random random) {
        List<String> words = words(random);
        byte[] whole =
                switch (random.nextInt(5)) {
                    case 0, 1 -> events(words, "data: ", end(random), "[DONE]");
                    case 2 -> events(words, "", random.nextBoolean() ? "\n" : "\r\n", "");
                    default -> json(words);
                };
        byte[] damaged = whole;
        boolean isInStrings = random.nextInt(4) == 0;
        int damages = random.nextInt(3);
        for (int i = 0; i < damages; i++) {
            damaged = damaged(damaged, isInStrings, random);
        }
        Read.Asked asked =
                new Read.Asked(
                        random.nextBoolean(),
                        random.nextBoolean(),
                        random.nextBoolean() ? 10 : null);
        boolean isBroken = random.nextInt(4) == 0;
        long start = System.nanoTime();
        Read result;
        try {
            result = Read.of(damaged, asked, random.nextBoolean() ? random : null, isBroken);
        } catch (RuntimeException unforeseen) {
            throw new AssertionError(
                    "Unforeseen, on " + new String(damaged, StandardCharsets.ISO_8859_1),
                    unforeseen);
        }
        slowestNanos = Math.max(slowestNanos, System.nanoTime() - start);
        read++;
        String text = result.text(asked);
        if (text == null) {
            return;
        }
        successes++;
        if (!isInStrings && !text.equals(String.join("", words))) {
            assertThat(text)
                    .as(
                            "%s broken=%s, from %s",
                            asked, isBroken, new String(damaged, StandardCharsets.ISO_8859_1))
                    .isEqualTo(String.join("", words));
        }
    }

    private static List<String> words(Random random) {
        List<String> words = new ArrayList<>();
        int count = 1 + random.nextInt(5);
        for (int i = 0; i < count; i++) {
            words.add("<" + i + Integer.toString(random.nextInt(1 << 16), 36) + "ä😀>");
        }
        return words;
    }

    private static byte[] json(List<String> words) {
        return ("{\"id\":\"c\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
                        + Caller.JSON.getNodeFactory().textNode(String.join("", words))
                        + "},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}")
                .getBytes(StandardCharsets.UTF_8);
    }

    private static String end(Random random) {
        return List.of("\n\n", "\r\n\r\n", "\r\r").get(random.nextInt(3));
    }

    /// Server-sent events, or chunks on a line each.
    private static byte[] events(List<String> words, String before, String end, String last) {
        StringBuilder events = new StringBuilder();
        for (String word : words) {
            events.append(before)
                    .append("{\"choices\":[{\"index\":0,\"delta\":{\"content\":")
                    .append(Caller.JSON.getNodeFactory().textNode(word))
                    .append("},\"finish_reason\":null}]}")
                    .append(end);
        }
        events.append(before)
                .append("{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}")
                .append(end)
                .append(before)
                .append("{\"choices\":[],\"usage\":{\"prompt_tokens\":1}}")
                .append(end);
        return (last.isEmpty() ? events : events.append(before).append(last).append(end))
                .toString()
                .getBytes(StandardCharsets.UTF_8);
    }

    /// Cut short, without some bytes, with some more, with some twice or changed, with other line
    /// ends, or with a field that is there twice.
    ///
    /// @param isInStrings whether also within the strings of the JSON
    private static byte[] damaged(byte[] bytes, boolean isInStrings, Random random) {
        if (bytes.length == 0) {
            return bytes;
        }
        int at = random.nextInt(bytes.length);
        int length = Math.min(bytes.length - at, 1 + random.nextInt(6));
        int kind = random.nextInt(7);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(bytes, 0, at);
        if (kind == 0) {
            return out.toByteArray();
        }
        if (kind == 6) {
            return withTwice(bytes, at, random);
        }
        if (!isInStrings && touchesString(bytes, at, length)) {
            return bytes;
        }
        switch (kind) {
            case 1 -> {
                byte[] noise = new byte[length];
                random.nextBytes(noise);
                out.writeBytes(noise);
                out.write(bytes, at, bytes.length - at);
            }
            case 2 -> out.write(bytes, at + length, bytes.length - at - length);
            case 3 -> {
                out.write(bytes, at, length);
                out.write(bytes, at, bytes.length - at);
            }
            case 4 -> {
                out.write(bytes[at] ^ (1 << random.nextInt(8)));
                out.write(bytes, at + 1, bytes.length - at - 1);
            }
            default -> out.writeBytes(withOtherLineEnds(bytes, at, random));
        }
        return out.toByteArray();
    }

    private static byte[] withOtherLineEnds(byte[] bytes, int at, Random random) {
        String rest = new String(bytes, at, bytes.length - at, StandardCharsets.ISO_8859_1);
        String[][] changes = {
            {"\n\n", "\n"}, {"\r\n", "\n"}, {"\n", ""}, {"\n\n", "\n: x\n\n"}, {"\r", "\r\r"}
        };
        String[] change = changes[random.nextInt(changes.length)];
        int found = rest.indexOf(change[0]);
        return (found < 0
                        ? rest
                        : rest.substring(0, found)
                                + change[1]
                                + rest.substring(found + change[0].length()))
                .getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] withTwice(byte[] bytes, int at, Random random) {
        String[][] fields = {
            {"content", "\"other\""},
            {"content", "null"},
            {"finish_reason", "\"stop\""},
            {"delta", "{\"content\":\"other\"}"},
            {"message", "{}"},
            {"choices", "[]"},
            {"index", "0"},
            {"index", "1"}
        };
        String[] field = fields[random.nextInt(fields.length)];
        String name = "\"" + field[0] + "\":";
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        int found = text.indexOf(name, at);
        return (found < 0
                        ? text
                        : text.substring(0, found) + name + field[1] + "," + text.substring(found))
                .getBytes(StandardCharsets.ISO_8859_1);
    }

    /// Whether a quotation mark is in this range, or an odd number before it on its line.
    private static boolean touchesString(byte[] bytes, int at, int length) {
        boolean isInString = false;
        for (int i = 0; i < at + length; i++) {
            if (bytes[i] == '\n' || bytes[i] == '\r') {
                isInString = false;
            } else if (bytes[i] == '"') {
                isInString = !isInString;
                if (i >= at) {
                    return true;
                }
            } else if (isInString && i >= at) {
                return true;
            }
        }
        return false;
    }
}
