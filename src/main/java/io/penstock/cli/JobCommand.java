package io.penstock.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.store.Counts;
import io.penstock.store.Tokens;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Commands about a job of a Penstock that runs.
abstract sealed class JobCommand implements Callable<Integer> {

    private static final Set<String> ENDED = Set.of("completed", "failed", "cancelled", "expired");

    @Mixin Remote remote = new Remote();

    @Parameters(paramLabel = "JOB", description = "Its id, such as batch_0a1b2c.")
    String job = "";

    /// `penstock status`.
    @Command(name = "status", mixinStandardHelpOptions = true, description = "How a job stands.")
    static final class Status extends JobCommand {

        @Option(names = "--json", description = "The whole of it, as JSON.")
        boolean json;

        @Override
        public Integer call() {
            JsonNode its = remote.job(job);
            System.out.println(json ? its.toPrettyString() : sentence(its));
            return ExitCode.ALL;
        }
    }

    /// `penstock results`.
    @Command(
            name = "results",
            mixinStandardHelpOptions = true,
            description = "The results that are there, also while it runs.")
    static final class ResultsOf extends JobCommand {

        @Option(
                names = {"-o", "--output"},
                paramLabel = "FILE",
                description = "Standard output unless given.")
        @Nullable Path output;

        @Option(names = "--order", paramLabel = "ORDER", description = "input or finished.")
        RunRecord.Order order = RunRecord.Order.INPUT;

        @Override
        public Integer call() {
            String path =
                    Remote.path(
                            job,
                            order == RunRecord.Order.INPUT
                                    ? "/results?order=input"
                                    : "/results?order=finished");
            try {
                copy(path);
            } catch (IOException failed) {
                throw new CannotBegin("The results are not all there: " + failed + "; ask again.");
            }
            return ExitCode.ALL;
        }

        private void copy(String path) throws IOException {
            if (output == null) {
                remote.copy(path, System.out);
                System.out.flush();
            } else {
                try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(output))) {
                    remote.copy(path, out);
                }
            }
        }
    }

    /// `penstock pause`.
    @Command(
            name = "pause",
            mixinStandardHelpOptions = true,
            description = "Stop a job where it is.")
    static final class Pause extends JobCommand {

        @Override
        public Integer call() {
            System.out.println(sentence(remote.change(job, "/pause")));
            return ExitCode.ALL;
        }
    }

    /// `penstock resume`.
    @Command(
            name = "resume",
            mixinStandardHelpOptions = true,
            description = "Let a paused job go on.")
    static final class Resume extends JobCommand {

        @Option(
                names = "--max-cost",
                paramLabel = "SUM",
                description = "What it may cost in all from now on.")
        @Nullable BigDecimal maxCost;

        @Override
        public Integer call() {
            String below =
                    maxCost == null ? "/resume" : "/resume?max_cost=" + maxCost.toPlainString();
            System.out.println(sentence(remote.change(job, below)));
            return ExitCode.ALL;
        }
    }

    /// `penstock cancel`.
    @Command(
            name = "cancel",
            mixinStandardHelpOptions = true,
            description = "End a job; what is finished stays.")
    static final class Cancel extends JobCommand {

        @Override
        public Integer call() {
            System.out.println(sentence(remote.change(job, "/cancel")));
            return ExitCode.ALL;
        }
    }

    /// `penstock retry`.
    @Command(
            name = "retry",
            mixinStandardHelpOptions = true,
            description = "Make a new job of the prompts that have no answer.")
    static final class Retry extends JobCommand {

        @Override
        public Integer call() {
            System.out.println(remote.change(job, "/retry").path("job_id").asText());
            return ExitCode.ALL;
        }
    }

    /// `penstock attach`.
    @Command(
            name = "attach",
            mixinStandardHelpOptions = true,
            description = "Watch a job until it ends; Ctrl-C leaves it running.")
    static final class Attach extends JobCommand {

        private static final long TICK_MILLIS = 500;

        @Override
        public Integer call() throws InterruptedException {
            Terminal terminal = Terminal.here();
            Display display =
                    terminal.isCapable()
                            ? new Panel(job + " at " + remote.url, terminal, System.err)
                            : new PlainLines(System.err);
            long begun = System.nanoTime();
            JsonNode its = remote.job(job);
            while (!ENDED.contains(its.path("status").asText())) {
                display.show(snapshot(its, begun));
                TimeUnit.MILLISECONDS.sleep(TICK_MILLIS);
                its = remote.job(job);
            }
            display.end(snapshot(its, begun), sentence(its));
            return its.path("completed").asLong() == its.path("total").asLong()
                    ? ExitCode.ALL
                    : ExitCode.SOME_FAILED;
        }

        private static Snapshot snapshot(JsonNode its, long begun) {
            JsonNode usage = its.path("usage");
            return new Snapshot(
                    its.path("total").asLong(),
                    new Counts(
                            its.path("completed").asInt(),
                            its.path("failed").asInt(),
                            its.path("expired").asInt(),
                            its.path("cancelled").asInt()),
                    new Tokens(
                            usage.path("prompt_tokens").asLong(),
                            usage.path("completion_tokens").asLong(),
                            its.path("cost").decimalValue().movePointRight(9).longValue()),
                    null,
                    its.path("rate_per_second").asDouble(),
                    Duration.ofNanos(System.nanoTime() - begun),
                    its.path("reason").asText(its.path("status").asText()),
                    new ResultsTally());
        }
    }

    /// `120 of 300 done, 2 failed …`
    static String sentence(JsonNode its) {
        long total = its.path("total").asLong();
        long pending = its.path("pending").asLong();
        StringBuilder text = new StringBuilder();
        text.append(its.path("job_id").asText()).append(": ").append(its.path("status").asText());
        text.append(", ").append(Display.count(total - pending)).append(" of ");
        text.append(Display.count(total)).append(" done, ");
        text.append(Display.count(total - pending - its.path("completed").asLong()));
        text.append(" without an answer");
        if (its.path("rate_per_second").isNumber()) {
            text.append(", ").append(Display.rate(its.path("rate_per_second").asDouble()));
            text.append(" a second");
        }
        if (its.path("eta_seconds").isNumber()) {
            Duration left = Duration.ofSeconds(its.path("eta_seconds").asLong());
            text.append(", ").append(Display.time(left)).append(" left");
        }
        if (its.path("cost").isNumber()) {
            text.append(", cost ").append(its.path("cost").decimalValue().toPlainString());
        }
        text.append('.');
        String reason = its.path("reason").asText("");
        return reason.isEmpty() || reason.equals("null") ? text.toString() : text + " " + reason;
    }
}
