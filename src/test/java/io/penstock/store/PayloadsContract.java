package io.penstock.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// What [Payloads] promises, wherever the files are.
public interface PayloadsContract {

    /// The payloads under test, empty at the start of each test.
    Payloads payloads();

    @Test
    default void returnsWhatWasPut() {
        payloads().put("jobs/a/input.jsonl", bytes("one\ntwo\n"));

        assertThat(payloads().read("jobs/a/input.jsonl")).isEqualTo(bytes("one\ntwo\n"));
    }

    @Test
    default void keepsAnEmptyFile() throws IOException {
        payloads().put("jobs/a/put", new byte[0]);
        try (Payloads.Draft draft = payloads().create("jobs/a/drafted")) {
            draft.publish();
        }

        assertThat(payloads().read("jobs/a/put")).isEmpty();
        assertThat(payloads().read("jobs/a/drafted")).isEmpty();
        assertThat(range("jobs/a/put", 0, 10)).isEmpty();
    }

    @Test
    default void showsADraftWhenItIsPublished() throws IOException {
        try (Payloads.Draft draft = payloads().create("jobs/a/output.jsonl")) {
            draft.write(bytes("on"));
            draft.write('e');
            draft.flush();
            assertMissing("jobs/a/output.jsonl");

            draft.publish();

            assertThat(payloads().read("jobs/a/output.jsonl")).isEqualTo(bytes("one"));
        }
        assertThat(payloads().read("jobs/a/output.jsonl")).isEqualTo(bytes("one"));
    }

    @Test
    default void aDraftThatIsNotPublishedLeavesNothing() throws IOException {
        try (Payloads.Draft draft = payloads().create("jobs/a/small")) {
            draft.write(bytes("one"));
        }
        try (Payloads.Draft draft = payloads().create("jobs/a/large")) {
            draft.write(random(9 * 1024 * 1024));
        }

        assertMissing("jobs/a/small");
        assertMissing("jobs/a/large");
    }

    @Test
    default void anAbandonedDraftLeavesTheFileBeforeIt() throws IOException {
        payloads().put("jobs/a/file", bytes("before"));

        try (Payloads.Draft draft = payloads().create("jobs/a/file")) {
            draft.write(bytes("after"));
        }

        assertThat(payloads().read("jobs/a/file")).isEqualTo(bytes("before"));
    }

    @Test
    default void writingAKeyAgainReplacesTheFile() throws IOException {
        payloads().put("jobs/a/file", bytes("the first, which is longer"));
        payloads().put("jobs/a/file", bytes("second"));
        assertThat(payloads().read("jobs/a/file")).isEqualTo(bytes("second"));

        try (Payloads.Draft draft = payloads().create("jobs/a/file")) {
            draft.write(bytes("third"));
            draft.publish();
        }

        assertThat(payloads().read("jobs/a/file")).isEqualTo(bytes("third"));
    }

    @Test
    default void ofTwoDraftsTheLastPublishedStays() throws IOException {
        try (Payloads.Draft one = payloads().create("jobs/a/file");
                Payloads.Draft two = payloads().create("jobs/a/file")) {
            one.write(bytes("one"));
            two.write(bytes("two"));
            two.publish();
            one.publish();
        }

        assertThat(payloads().read("jobs/a/file")).isEqualTo(bytes("one"));
    }

    @Test
    default void keepsALargeFileByteForByte() throws IOException {
        // Two whole parts and a bit, written in pieces that do not fit them.
        byte[] bytes = random(17 * 1024 * 1024 + 13);
        try (Payloads.Draft draft = payloads().create("jobs/a/large")) {
            for (int from = 0; from < bytes.length; from += 777_777) {
                draft.write(bytes, from, Math.min(777_777, bytes.length - from));
            }
            draft.publish();
        }

        assertThat(Arrays.equals(payloads().read("jobs/a/large"), bytes)).isTrue();
        assertThat(range("jobs/a/large", 8 * 1024 * 1024 - 2, 5))
                .isEqualTo(Arrays.copyOfRange(bytes, 8 * 1024 * 1024 - 2, 8 * 1024 * 1024 + 3));
    }

    @Test
    default void keepsAFileOfExactlyOnePart() throws IOException {
        byte[] bytes = random(8 * 1024 * 1024);
        try (Payloads.Draft draft = payloads().create("jobs/a/part")) {
            draft.write(bytes);
            draft.publish();
        }

        assertThat(Arrays.equals(payloads().read("jobs/a/part"), bytes)).isTrue();
    }

    @Test
    default void readsRanges() throws IOException {
        payloads().put("jobs/a/file", bytes("0123456789"));

        assertThat(range("jobs/a/file", 0, 3)).isEqualTo(bytes("012"));
        assertThat(range("jobs/a/file", 4, 3)).isEqualTo(bytes("456"));
        assertThat(range("jobs/a/file", 8, 100)).isEqualTo(bytes("89"));
        assertThat(range("jobs/a/file", 2, Long.MAX_VALUE)).isEqualTo(bytes("23456789"));
        assertThat(range("jobs/a/file", 3, 0)).isEmpty();
        assertThat(range("jobs/a/file", 10, 5)).isEmpty();
        assertThat(range("jobs/a/file", 11, 5)).isEmpty();
    }

    @Test
    default void aRangeMayBeLeftEarly() throws IOException {
        payloads().put("jobs/a/file", random(1024 * 1024));

        for (int n = 0; n < 20; n++) {
            try (InputStream in = payloads().read("jobs/a/file", 0, Long.MAX_VALUE)) {
                assertThat(in.read()).isNotNegative();
            }
        }

        assertThat(range("jobs/a/file", 0, 1)).hasSize(1);
    }

    @Test
    default void knowsTheSizeOfAFile() {
        payloads().put("jobs/a/content", bytes("ä\n"));

        assertThat(payloads().size("jobs/a/content")).contains(3L);
        assertThat(payloads().size("jobs/b/content")).isEmpty();
    }

    @Test
    default void aMissingFileIsNamed() {
        assertMissing("jobs/a/missing");
        assertThatThrownBy(() -> payloads().read("jobs/a/missing", 0, 10).read())
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("jobs/a/missing");
    }

    @Test
    default void deletesAllFilesBelowAPrefix() {
        payloads().put("jobs/a/input.jsonl", bytes("one"));
        payloads().put("jobs/a/segments/0/1-0.jsonl", bytes("two"));
        payloads().put("jobs/ab/input.jsonl", bytes("three"));

        payloads().deleteAll("jobs/a/");
        payloads().deleteAll("jobs/a/");
        payloads().deleteAll("jobs/never/");
        assertThatThrownBy(() -> payloads().deleteAll("jobs/ab/input.jsonl"))
                .isInstanceOf(IllegalArgumentException.class);

        assertMissing("jobs/a/input.jsonl");
        assertMissing("jobs/a/segments/0/1-0.jsonl");
        assertThat(payloads().read("jobs/ab/input.jsonl")).isEqualTo(bytes("three"));
    }

    @Test
    default void doesNotReadWhatItCannotReach() {
        assertThatThrownBy(() -> payloads().foreign("ftp://example.com/file", null).read())
                .isInstanceOf(UnreadableSource.class);
        assertThatThrownBy(() -> payloads().probe("ftp://example.com/file"))
                .isInstanceOf(UnreadableSource.class);
    }

    @Test
    default void anAssemblyIsWrittenOnByAnotherAndShownAtItsEnd() throws IOException {
        byte[] bytes = random(19 * 1024 * 1024 + 7);
        String state;
        try (Payloads.Assembly first = payloads().begin("jobs/a/merged", bytes.length)) {
            first.write(bytes, 0, 9_000_000);
            first.checkpoint();
            first.write(bytes, 9_000_000, 1_000_001);
            state = first.checkpoint();
            // Nobody has noted this.
            first.write(new byte[8_000_000]);
        }
        try (Payloads.Assembly second = payloads().resume("jobs/a/merged", state)) {
            second.write(bytes, 10_000_001, 5_000_000);
            state = second.checkpoint();
            assertMissing("jobs/a/merged");
        }
        try (Payloads.Assembly third = payloads().resume("jobs/a/merged", state)) {
            third.write(bytes, 15_000_001, bytes.length - 15_000_001);
            third.publish();
        }

        assertThat(Arrays.equals(payloads().read("jobs/a/merged"), bytes)).isTrue();
    }

    @Test
    default void aSmallAssemblyIsWrittenOnAsWell() throws IOException {
        String state;
        try (Payloads.Assembly first = payloads().begin("jobs/a/small", 3)) {
            first.write('o');
            state = first.checkpoint();
        }
        try (Payloads.Assembly second = payloads().resume("jobs/a/small", state)) {
            second.write(bytes("ne"));
            second.publish();
        }
        try (Payloads.Assembly empty = payloads().begin("jobs/a/empty", 0)) {
            empty.publish();
        }

        assertThat(payloads().read("jobs/a/small")).isEqualTo(bytes("one"));
        assertThat(payloads().read("jobs/a/empty")).isEmpty();
    }

    @Test
    default void aFileIsReadAsItWasOrNotAtAll() throws IOException {
        assertThat(payloads().tag("jobs/a/content")).isEmpty();
        payloads().put("jobs/a/content", bytes("one"));
        String tag = payloads().tag("jobs/a/content").orElseThrow();
        try (InputStream in = payloads().read("jobs/a/content", tag)) {
            assertThat(in.readAllBytes()).isEqualTo(bytes("one"));
        }

        payloads().put("jobs/a/content", bytes("other"));

        assertThatThrownBy(() -> payloads().read("jobs/a/content", tag).read())
                .isInstanceOf(UnreadableSource.class);
    }

    private void assertMissing(String key) {
        assertThatThrownBy(() -> payloads().read(key))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining(key);
    }

    private byte[] range(String key, long offset, long length) throws IOException {
        try (InputStream in = payloads().read(key, offset, length)) {
            return in.readAllBytes();
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(1).nextBytes(bytes);
        return bytes;
    }
}
