package io.penstock.bench;

import io.penstock.testing.NamedAnswers;
import io.penstock.testing.NamedCallers;
import io.penstock.testing.NamedTally;
import io.penstock.testing.RawProvider;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;

/// Whether any call ever gets another's answer: fifty callers, two batches and three WebSockets
/// before a provider that does everything wrong at random, HTTP/1.1 and HTTP/2, whole and streamed.
///
/// In the first part the provider sends no byte that nobody asked for, so that connections are used
/// again all the time; in the second it does, to one fresh process after the other, since a process
/// that has noticed some gives each call a connection of its own.
///
/// With `penstock.bench.late` it measures the fault that HTTP/1.1 cannot tell: whole second answers
/// so many milliseconds later, when their connection may serve another call.
final class MixUp {

    private static final int CALLERS = 50;
    private static final int ROUNDS = 6;

    private final long seed = Long.getLong("penstock.bench.seed", System.nanoTime());
    private final Map<String, Long> counts = new TreeMap<>();
    private long provided;
    private long answers;
    private long successes;
    private long wrong;
    private long incomplete;

    private MixUp() {}

    public static void main(String[] args)
            throws IOException, InterruptedException, ExecutionException {
        int wanted = Integer.getInteger("penstock.bench.answers", 200_000);
        int late = Integer.getInteger("penstock.bench.late", -1);
        MixUp run = new MixUp();
        System.out.println("Seed " + run.seed);
        long start = System.nanoTime();
        if (late >= 0) {
            run.round("late", run.seed, NamedAnswers.late(run.seed, late), wanted);
        } else {
            run.round(
                    "asked for",
                    run.seed,
                    new NamedAnswers(run.seed, Long.MAX_VALUE),
                    wanted * 7 / 10);
            for (int i = 0; i < ROUNDS; i++) {
                run.round(
                        "and others",
                        run.seed + i,
                        new NamedAnswers(run.seed + i, 0),
                        wanted * 3 / 10 / ROUNDS);
            }
        }
        run.print((System.nanoTime() - start) / 1e9);
    }

    /// A process before a provider. Two thirds of the answers are callers', the rest batches' and a
    /// few WebSockets'.
    private void round(String what, long seed, NamedAnswers naming, int wanted)
            throws IOException, InterruptedException, ExecutionException {
        try (RawProvider provider = new RawProvider(naming);
                Server penstock = Server.penstock(provider.baseUrl(), SETTINGS, "-Xmx512m")) {
            NamedCallers callers =
                    new NamedCallers(URI.create("http://127.0.0.1:" + penstock.port()), seed);
            // Those who leave are not counted as answers.
            NamedTally tally =
                    callers.run(
                            CALLERS,
                            wanted * 2 / 3 * 21 / 20 / CALLERS + 1,
                            wanted * 3 / 20 + 1,
                            wanted / 90 + 1);
            provided += naming.count();
            answers += tally.answers();
            successes += tally.successes();
            wrong += tally.wrong().size();
            incomplete += tally.incomplete().size();
            tally.counts().forEach((key, count) -> counts.merge(key, count, Long::sum));
            show("At the wrong caller", tally.wrong());
            show("Incomplete", tally.incomplete());
            System.out.println(
                    String.format(
                            Locale.ROOT,
                            "%s: %d answers, %d wrong, %d incomplete, %.0f ms CPU, RSS %d MB",
                            what,
                            tally.answers(),
                            tally.wrong().size(),
                            tally.incomplete().size(),
                            penstock.cpuMillis(),
                            penstock.rssMegabytes()));
        }
    }

    private static void show(String what, List<String> some) {
        some.stream().limit(3).forEach(one -> System.out.println(what + ": " + one));
    }

    private void print(double seconds) {
        row("answers that callers got", answers);
        row("answers that the provider began", provided);
        row("successes", successes);
        row("at the wrong caller", wrong);
        row("successes that were not whole", incomplete);
        counts.forEach(MixUp::row);
        row("seconds", Math.round(seconds));
    }

    private static void row(String what, long count) {
        System.out.println(String.format(Locale.ROOT, "%-55s %8d", what, count));
    }

    private static final Map<String, String> SETTINGS =
            Map.of(
                    "PENSTOCK_FLOW_MAX_CONCURRENCY", "60",
                    "PENSTOCK_FLOW_MAX_WAITING", "1000",
                    "PENSTOCK_FLOW_MAX_WAIT", "10s",
                    "PENSTOCK_FLOW_START_CONCURRENCY", "60",
                    "PENSTOCK_FLOW_BREAKER_FAILURES", "0",
                    "PENSTOCK_LLM_TIMEOUT", "2s",
                    "PENSTOCK_LLM_BACKOFF", "5ms",
                    "PENSTOCK_LLM_MAX_BACKOFF", "20ms");
}
