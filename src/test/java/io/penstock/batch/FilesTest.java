package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.store.StoredFile;
import io.penstock.store.local.Opened;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Files from their upload to their end.
class FilesTest {

    @TempDir Path directory;

    private final AtomicReference<Instant> now =
            new AtomicReference<>(Instant.parse("2026-11-26T12:00:00Z"));
    private final InstantSource source = now::get;
    private final Clock clock = source.withZone(ZoneOffset.UTC);
    private Opened opened;
    private Files files;

    @BeforeEach
    void open() {
        opened = new Opened(directory, clock, "30s", 10);
        files = new Files(opened.files(), opened.payloads(), new MillisClock(clock));
    }

    @AfterEach
    void close() throws IOException {
        opened.close();
    }

    @Test
    void anExpiredFileIsGoneAndTheSweepRemovesItsContent() throws IOException {
        StoredFile file = upload("content");
        assertThat(files.find(file.id())).contains(file);

        now.set(now.get().plus(Duration.ofHours(1)));

        assertThat(files.find(file.id())).isEmpty();
        assertThat(files.list(null, 10, false, _ -> true)).isEmpty();
        assertThat(contents()).hasSize(1);
        opened.outlived().forget();
        assertThat(contents()).isEmpty();
    }

    @Test
    void anUploadThatBreaksOffLeavesNothing() throws IOException {
        try (Files.Upload upload = files.upload()) {
            upload.write(new byte[100]);
        }

        assertThat(contents()).isEmpty();
        assertThat(opened.files().files(null, 10, false)).isEmpty();
    }

    /// What a process that dies between content and record leaves behind.
    @Test
    void anUploadWhoseProcessDiesIsNeverSeenAndIsRemovedWithinADay() throws IOException {
        Files.Upload upload = files.upload();
        upload.write(new byte[100]);
        String id = opened.files().files(null, 1, false).getFirst().id();
        opened.payloads().put(StoredFile.prefix(id) + "content", new byte[100]);

        assertThat(files.find(id)).isEmpty();
        assertThat(files.list(null, 10, false, _ -> true)).isEmpty();
        now.set(now.get().plus(Duration.ofDays(1)));
        opened.outlived().forget();
        assertThat(contents()).filteredOn(file -> file.endsWith("content")).isEmpty();
    }

    private StoredFile upload(String content) throws IOException {
        try (Files.Upload upload = files.upload()) {
            upload.write(content.getBytes(StandardCharsets.UTF_8));
            return upload.complete("name", "batch", Duration.ofHours(1), null);
        }
    }

    private Stream<String> contents() throws IOException {
        Path root = directory.resolve("jobs");
        if (!java.nio.file.Files.exists(root)) {
            return Stream.of();
        }
        try (Stream<Path> all = java.nio.file.Files.walk(root)) {
            return all
                    .filter(java.nio.file.Files::isRegularFile)
                    .map(Path::toString)
                    .toList()
                    .stream();
        }
    }
}
