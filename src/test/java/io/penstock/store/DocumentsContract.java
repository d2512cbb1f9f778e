package io.penstock.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.store.Document.Key;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// What [Documents] promises, whatever keeps them.
public interface DocumentsContract {

    Instant LATER = Instant.now().plusSeconds(3600);

    /// The documents under test, none at the start of each test and the same throughout it.
    Documents documents();

    @Test
    default void aNewDocumentIsWrittenOnce() {
        Key key = new Key(Kind.BUDGET, "new");

        assertThat(documents().read(key)).isEmpty();
        assertThat(documents().write(new Document(key, 1, LATER, "one"))).isTrue();
        assertThat(documents().write(new Document(key, 1, LATER, "two"))).isFalse();
        assertThat(documents().write(new Document(key, 3, LATER, "three"))).isFalse();
        assertThat(documents().read(key)).contains("one");
        assertThat(documents().write(new Document(key, 2, LATER, "two"))).isTrue();
        assertThat(documents().read(key)).contains("two");
    }

    @Test
    default void aGlanceSeesWhatIsThereAndACountIsNoDocument() {
        Key key = new Key(Kind.BUDGET, "seen");
        documents().put(new Document(key, 1, LATER, "one"));
        Key counted = new Key(Kind.BUDGET, "counted");

        assertThat(documents().glance(key)).contains("one");
        assertThat(documents().count(counted, LATER)).isEqualTo(1);
        assertThat(documents().count(counted, LATER)).isEqualTo(2);
    }

    @Test
    default void ofManyWhoWriteTheSameVersionOneWins() throws Exception {
        for (int version = 1; version <= 3; version++) {
            Document next = new Document(new Key(Kind.JOB, "race"), version, LATER, "v" + version);
            Callable<Boolean> write = () -> documents().write(next);
            try (ExecutorService writers = Executors.newVirtualThreadPerTaskExecutor()) {
                int won = 0;
                for (Future<Boolean> one : writers.invokeAll(Collections.nCopies(16, write))) {
                    won += one.get() ? 1 : 0;
                }
                assertThat(won).isEqualTo(1);
            }
        }
    }

    @Test
    default void kindsGroupsAndNamesAreKeptApart() {
        List<Key> keys =
                List.of(
                        new Key(Kind.JOB, "a"),
                        new Key(Kind.FILE, "a"),
                        new Key(Kind.STREAM, "a"),
                        new Key(Kind.STREAM, "a", "a"),
                        new Key(Kind.STREAM, "aa"),
                        Key.numbered(Kind.CHUNK, "a", 0));

        keys.forEach(key -> documents().put(new Document(key, 1, LATER, key.toString())));

        assertThat(keys)
                .allSatisfy(key -> assertThat(documents().read(key)).contains(key.toString()));
        assertThat(documents().group(Kind.STREAM, "a")).containsExactly("stream a", "stream a/a");
        documents().deleteGroup(Kind.STREAM, "a");
        documents().delete(keys.getFirst());
        assertThat(keys.stream().flatMap(key -> documents().read(key).stream()))
                .containsExactly("file a", "stream aa", "chunk a/00000000");
    }

    @Test
    default void whatIsPastItsEndCountsNoMore() {
        Instant past = Instant.now().minusMillis(1);
        Key key = new Key(Kind.STREAM, "past", "one");
        documents().put(new Document(key, 1, past, "old"));
        documents().put(new Document(new Key(Kind.JOB, "past"), 1, past, "old").listed(past, true));

        assertThat(documents().read(key)).isEmpty();
        assertThat(documents().group(Kind.STREAM, "past")).isEmpty();
        assertThat(documents().list(Kind.JOB, null, 10, false)).isEmpty();
        assertThat(documents().live(Kind.JOB, null, 10)).isEmpty();
        assertThat(documents().amend(key, "amended")).isFalse();
        assertThat(documents().write(new Document(key, 1, LATER, "new"))).isTrue();
        assertThat(documents().read(key)).contains("new");
    }

    @Test
    default void whoAmendsNeedsNoVersionAndOutdatesTheStoredOne() {
        Key key = new Key(Kind.FILE, "amended");
        Document stored = new Document(key, 1, LATER, "one").listed(Instant.now(), false);

        assertThat(documents().amend(key, "two")).isFalse();
        documents().put(stored);
        assertThat(documents().amend(key, "two")).isTrue();

        assertThat(documents().read(key)).contains("two");
        assertThat(documents().list(Kind.FILE, null, 10, false)).containsExactly("two");
        assertThat(documents().write(new Document(key, 2, LATER, "outdated"))).isFalse();
        assertThat(documents().write(new Document(key, 3, LATER, "three"))).isTrue();
    }

    @Test
    default void aGroupIsClosedWithItsLastNumber() {
        List<Document> open = new ArrayList<>();
        IntStream.of(5, 1999, 2000, 2001)
                .forEach(number ->
                        open.add(
                                new Document(
                                        Key.numbered(Kind.CHUNK, "open", number),
                                        1,
                                        LATER,
                                        "chunk " + number)));

        documents().putOpen(open);
        documents().putOpen(List.of());

        assertThat(documents().group(Kind.CHUNK, "open"))
                .containsExactly("chunk 5", "chunk 1999", "chunk 2000", "chunk 2001");
        for (Document document : open) {
            Key key = document.key();
            assertThat(documents().close(key, LATER)).isEqualTo(key.number() == 2001);
        }
        assertThat(documents().close(open.getFirst().key(), LATER)).isTrue();
    }
}
