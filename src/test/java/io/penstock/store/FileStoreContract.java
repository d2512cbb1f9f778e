package io.penstock.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What [FileStore] promises, wherever the files are known.
public interface FileStoreContract {

    /// The store under test, empty at the start of each test.
    FileStore files();

    @Test
    default void returnsWhatWasPutAndReplacesOnlyWhatIsThere() {
        StoredFile file = file("a", 0, 3600);

        assertThat(files().file("file-a")).isEmpty();
        assertThat(files().replace(file)).isFalse();
        assertThat(files().file("file-a")).isEmpty();
        files().put(file);
        assertThat(files().file("file-a")).contains(file);
        assertThat(files().replace(file.completed(7))).isTrue();
        assertThat(files().file("file-a")).contains(file.completed(7));
        files().delete("file-a");
        files().delete("file-a");
        assertThat(files().file("file-a")).isEmpty();
        assertThat(files().replace(file)).isFalse();
        assertThat(files().files(null, 10, false)).isEmpty();
    }

    @Test
    default void listsInPagesInEitherOrder() {
        List<StoredFile> made = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            // Two of each moment, which their ids put in order.
            made.add(file("n" + i, i / 2, 3600));
        }
        made.forEach(files()::put);

        assertThat(files().files(null, 10, true)).isEqualTo(made);
        assertThat(files().files(null, 2, false)).isEqualTo(made.reversed().subList(0, 2));
        assertThat(files().files("file-n3", 2, false)).isEqualTo(made.reversed().subList(2, 4));
        assertThat(files().files("file-n1", 2, true)).isEqualTo(made.subList(2, 4));
        assertThat(files().files("file-n4", 2, true)).isEmpty();
        assertThat(files().files("file-none", 2, true)).isEmpty();
    }

    @Test
    default void whatHasExpiredIsFoundByNobody() {
        StoredFile kept = file("kept", 0, 3600);
        files().put(file("late", 0, -1));
        files().put(kept);
        files().put(file("later", 0, -3600));

        assertThat(files().file("file-late")).isEmpty();
        assertThat(files().files(null, 10, false)).containsExactly(kept);
        assertThat(files().files("file-kept", 10, true)).isEmpty();
    }

    /// @param age seconds after a fixed moment
    /// @param life seconds from now
    private static StoredFile file(String id, int age, int life) {
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        return new StoredFile(
                "file-" + id,
                "a \"name\" ä.jsonl",
                "batch",
                -1,
                Instant.parse("2026-01-01T00:00:00Z").plusSeconds(age),
                now.plusSeconds(life));
    }
}
