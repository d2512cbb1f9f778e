package io.penstock.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/// Jobs and chunks that the contracts of the store are tried with, and those who race for them.
final class Contracts {

    static final int RACERS = 16;

    private Contracts() {}

    static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS);
    }

    static Job job(String id, Instant createdAt) {
        return new Job(
                id,
                UUID.randomUUID().toString(),
                0,
                Job.Status.VALIDATING,
                null,
                null,
                createdAt,
                null,
                null,
                createdAt.plusSeconds(3600),
                createdAt.plus(Duration.ofDays(30)),
                new Job.Input(0, 0, null, null, null),
                "{}",
                null,
                null,
                null);
    }

    static Job in(String area, Job job) {
        return copy(job, area, job.retainedUntil());
    }

    static Job retainedUntil(Instant when, Job job) {
        return copy(job, job.area(), when);
    }

    static Job copy(Job job, String area, Instant retainedUntil) {
        return new Job(
                job.id(),
                area,
                job.version(),
                job.status(),
                job.paused(),
                job.reason(),
                job.createdAt(),
                job.startedAt(),
                job.finishedAt(),
                job.expiresAt(),
                retainedUntil,
                job.input(),
                job.options(),
                job.totals(),
                job.openAi(),
                null);
    }

    static Job full(String id) {
        Instant now = now();
        return new Job(
                id,
                "area",
                0,
                Job.Status.EXPIRED,
                "quota_exhausted",
                "The \"provider\" says: Guthaben erschöpft \uD83D\uDCA7",
                now,
                now.plusSeconds(1),
                now.plusSeconds(2),
                now.plusSeconds(3),
                now.plusSeconds(3600),
                new Job.Input(
                        1L << 33, 1 << 20, "digest", "s3://bucket/key", "batch_before", "\"tag\""),
                "{\"model\":\"m\",\"metadata\":{\"a\":\"ü\"}}",
                new Job.Totals(
                        new Counts(1, 2, 3, 4),
                        new Tokens(1L << 40, 1L << 41, 1L << 52, 1L << 39, 1L << 38, 1L << 37),
                        1L << 42,
                        1L << 43),
                new Job.OpenAi(
                        "file-1",
                        "24h",
                        "{\"team\":\"ü\"}",
                        Duration.ofHours(2),
                        "gpt-4o",
                        "[{\"line\":1}]",
                        now.plusSeconds(4),
                        now.plusSeconds(5)),
                null);
    }

    static List<Chunk> chunks(String area, int from, int to) {
        return IntStream.range(from, to)
                .mapToObj(n -> Chunk.of(area, n, n * 1000L, 1000, n * 5L, 5))
                .toList();
    }

    static <T> void eventually(Supplier<T> actual, T expected) {
        long end = System.nanoTime() + Duration.ofSeconds(5).toNanos();
        T seen = actual.get();
        while (!seen.equals(expected) && System.nanoTime() < end) {
            Thread.yield();
            seen = actual.get();
        }
        assertThat(seen).isEqualTo(expected);
    }

    static List<Boolean> race(Racer racer) throws Exception {
        CyclicBarrier start = new CyclicBarrier(RACERS);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Boolean>> results = new ArrayList<>();
            for (int n = 0; n < RACERS; n++) {
                int number = n;
                Callable<Boolean> run =
                        () -> {
                            start.await();
                            return racer.run(number);
                        };
                results.add(threads.submit(run));
            }
            List<Boolean> won = new ArrayList<>();
            for (Future<Boolean> result : results) {
                won.add(result.get());
            }
            return won;
        }
    }

    /// One of [#RACERS] who start together.
    interface Racer {
        boolean run(int number) throws Exception;
    }
}
