package io.penstock.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Caller;
import io.penstock.testing.Door;
import io.penstock.testing.Emulators;
import io.penstock.testing.FaultyProxy;
import io.penstock.testing.FaultyProxy.Fault;
import io.penstock.testing.Function;
import io.penstock.testing.Provider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A store that does not do what it is asked while a batch runs: callers are told so in bounded
/// time, and when it is back the batch ends as if nothing had been.
class StoreAwayIT {

    private static final int ITEMS = 80;
    private static final int BEGUN = 10;

    /// With `-Pchaos`, also what takes its time.
    private static final boolean LONG = Integer.getInteger("penstock.chaos.items") > 1_000;

    private static final Duration LIMIT = Duration.ofSeconds(60);

    /// The bounds of the slowest call of a request, with a margin for a slow machine.
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(15);

    /// Of one outage: one for each thing that is kept from being done.
    private static final int LOG_LINES_MAX = 8;

    private SimulatedProvider simulated;
    private int logged;

    @BeforeEach
    void start() {
        simulated = SimulatedProvider.start(SimulatedProvider.Options.defaults());
        Provider.at(simulated.baseUrl())
                .behave("{\"latency\":\"500ms\",\"latency_p99\":\"700ms\"}");
    }

    @AfterEach
    void stop() {
        simulated.close();
    }

    @Test
    void onAFullDiskNothingIsTakenInAndNothingIsLost() throws Exception {
        assumeTrue(FullDisk.isPossible());
        Function function = new Function(CrashRun.environment(simulated, new LocalStore(), 20));
        try (Told _ = new Told(function)) {
            String id = CrashRun.submit(function, ITEMS);
            Checker checker = new Checker(id, ITEMS);
            await(() -> begun(checker, function));
            int seen = checker.ended();

            try (FullDisk _ = new FullDisk(function.pid())) {
                refused(timed("full disk, submit", () -> submit(function)));
                Door.Raw results =
                        timed(
                                "full disk, results",
                                () -> get(function, "/batch/" + id + "/results"));
                assertThat(results.status()).as(results.body()).isEqualTo(200);
                assertThat(results.body().lines().count()).isGreaterThanOrEqualTo(seen);
                assertThat(checker.look(function)).isEqualTo("processing");
                assertThat(ids(function)).containsExactly(id);
                refused(timed("full disk, submit again", () -> submit(function)));
            }

            ends(function, checker, "full disk");
            assertThat(ids(function)).containsExactly(id);
            assertThat(submit(function).status()).isEqualTo(202);
            lookAtTheLog(function);
        }
    }

    @Test
    void eachServiceOfAwsMayBeAway() throws Exception {
        try (Emulators emulators = Emulators.start();
                EmulatedAws engine = new EmulatedAws(emulators, "away", 1, 1, 0);
                Told told = new Told(new Function(CrashRun.environment(simulated, engine, 20)))) {
            Function function = told.function;
            goesThrough(function, "DynamoDB REFUSED", engine.dynamo(), Fault.REFUSED, 503, 0);
            goesThrough(function, "DynamoDB SILENT", engine.dynamo(), Fault.SILENT, 0, 503);
            // The state is in DynamoDB, only the results are in S3.
            goesThrough(function, "S3 REFUSED", engine.s3(), Fault.REFUSED, 503, 200);
            if (LONG) {
                goesThrough(function, "S3 SILENT", engine.s3(), Fault.SILENT, 503, 200);
                goesThrough(function, "SQS SILENT", engine.sqs(), Fault.SILENT, 202, 200);
            }
            aJobThatMayBeThereIsThereAsAWhole(function, engine.dynamo());
            // A job that is stored is taken in; the sweep queues it when the queue is back.
            goesThrough(function, "SQS REFUSED", engine.sqs(), Fault.REFUSED, 202, 200);
        }
    }

    /// Its creation was carried out and answered by nobody: who submitted it cannot know, and it
    /// has to run like any other.
    private void aJobThatMayBeThereIsThereAsAWhole(Function function, FaultyProxy dynamo)
            throws Exception {
        List<String> before = ids(function);
        // The job's own write: its chunks go before it, and are there for nobody until it is.
        dynamo.begin(Fault.LOST_ANSWER, "attribute_not_exists(pk) OR");
        try {
            refused(timed("answer of the creation lost, submit", () -> submit(function)));
        } finally {
            dynamo.end();
        }

        List<String> made = new ArrayList<>(ids(function));
        made.removeAll(before);
        assertThat(made).hasSize(1);
        ends(function, new Checker(made.getFirst(), 1), "answer of the creation lost");
    }

    /// @param taken what a submission is answered; 0 for none, which saves time
    /// @param looked what a look at the batch is answered; 0 for none
    private void goesThrough(
            Function function, String what, FaultyProxy proxy, Fault how, int taken, int looked)
            throws Exception {
        String id = CrashRun.submit(function, ITEMS);
        Checker checker = new Checker(id, ITEMS);
        await(() -> begun(checker, function));

        String other = "";
        proxy.begin(how);
        try {
            if (taken != 0) {
                Door.Raw answer = timed(what + ", submit", () -> submit(function));
                answered(answer, taken);
                other = Caller.parse(answer.body()).path("job_id").asText();
            }
            if (looked != 0) {
                answered(timed(what + ", status", () -> get(function, "/batch/" + id)), looked);
            }
        } finally {
            proxy.end();
        }

        if (!other.isEmpty()) {
            ends(function, new Checker(other, 1), what + ", submitted meanwhile");
        }
        ends(function, checker, what);
        lookAtTheLog(function);
    }

    private static void answered(Door.Raw answer, int status) {
        if (status == 503) {
            refused(answer);
        } else {
            assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        }
    }

    private static boolean begun(Checker checker, Function function) {
        checker.look(function);
        return checker.ended() >= BEGUN;
    }

    /// Every item has one outcome, and it is the right one.
    private static void ends(Function function, Checker checker, String what) throws Exception {
        long start = System.nanoTime();
        await(() -> checker.look(function).equals("completed"));
        System.out.printf(Locale.ROOT, "%s: ended after %.1f s%n", what, seconds(start));
        Map<Integer, String> results = checker.results(function);
        checker.verify();
        results.forEach((item, line) ->
                assertThat(new Question(item).isAnsweredBy(line)).as(line).isTrue());
    }

    private static void refused(Door.Raw answer) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(503);
        JsonNode error = Caller.parse(answer.body()).path("error");
        assertThat(error.path("code").asText()).isEqualTo("store_unavailable");
        assertThat(error.path("type").asText()).isEqualTo("server_error");
        assertThat(error.path("message").asText()).contains("try again");
        assertThat(answer.headers().has("retry-after")).isTrue();
    }

    private static Door.Raw timed(String what, Supplier<Door.Raw> call) {
        long start = System.nanoTime();
        Door.Raw answer = call.get();
        System.out.printf(
                Locale.ROOT, "%s: %d after %.1f s%n", what, answer.status(), seconds(start));
        assertThat(Duration.ofNanos(System.nanoTime() - start)).as(what).isLessThan(ANSWER_LIMIT);
        return answer;
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    private static Door.Raw submit(Function function) {
        return function.call("POST", "/batch", "application/jsonl", new Question(0).line() + "\n");
    }

    private static Door.Raw get(Function function, String target) {
        return function.call("GET", target, "application/json", "");
    }

    private static List<String> ids(Function function) {
        Door.Raw list = get(function, "/batch");
        assertThat(list.status()).as(list.body()).isEqualTo(200);
        return Caller.parse(list.body()).path("data").findValuesAsText("job_id");
    }

    /// What was printed since the last look.
    private void lookAtTheLog(Function function) {
        List<String> all = function.log().lines().toList();
        List<String> fresh = all.subList(logged, all.size());
        logged = all.size();
        List<String> complaints =
                fresh.stream()
                        .filter(line -> line.contains("ERROR") || line.contains("WARN "))
                        .toList();
        complaints.forEach(System.out::println);
        assertThat(fresh).noneMatch(line -> line.startsWith("\tat "));
        assertThat(complaints).hasSizeLessThanOrEqualTo(LOG_LINES_MAX);
    }

    /// Ends the process, and prints what it said and was not looked at.
    private record Told(Function function) implements AutoCloseable {

        @Override
        public void close() {
            System.out.println(function.log());
            function.kill();
        }
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(end);
            // What is asked is asked over the wire, but need not be asked all the time.
            new CountDownLatch(1).await(100, TimeUnit.MILLISECONDS);
        }
    }
}
