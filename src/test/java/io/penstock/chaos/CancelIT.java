package io.penstock.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.chaos.Checker.Call;
import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Door;
import io.penstock.testing.Function;
import io.penstock.testing.Provider;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Cancelling and pausing, as the provider sees it, also when the process dies right afterwards.
class CancelIT {

    private static final int ITEMS = 400;
    private static final int ENOUGH = 60;
    private static final double GRACE_MILLIS = 2_000;
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private SimulatedProvider simulated;
    private Provider provider;
    private Engine engine;
    private Function function;
    private String id;
    private Checker checker;

    @BeforeEach
    void submit() throws Exception {
        simulated = SimulatedProvider.start(SimulatedProvider.Options.defaults());
        provider = Provider.at(simulated.baseUrl());
        provider.behave("{\"latency\":\"300ms\",\"latency_p99\":\"500ms\"}");
        engine = new LocalStore();
        function = start();
        id = CrashRun.submit(function, ITEMS);
        checker = new Checker(id, ITEMS);
        await(() -> look() != null && checker.ended() >= ENOUGH);
    }

    @AfterEach
    void stop() {
        function.kill();
        simulated.close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void nothingIsCalledOnceABatchIsCancelledAndWhatIsFinishedStays(boolean crash)
            throws Exception {
        Door.Raw answer = post("/cancel");
        double cancelledAt = System.currentTimeMillis();
        if (crash) {
            restart();
        }
        await(() -> look().equals("cancelled"));

        assertThat(answer.status()).isEqualTo(202);
        Map<Integer, String> results = checker.results(function);
        checker.verify();
        int cancelled = 0;
        for (Map.Entry<Integer, String> result : results.entrySet()) {
            String line = result.getValue();
            if (Question.code(line).equals("batch_cancelled")) {
                cancelled++;
            } else {
                assertThat(new Question(result.getKey()).isAnsweredBy(line)).as(line).isTrue();
            }
        }
        assertThat(cancelled).isPositive().isEqualTo(checker.count("cancelled"));
        assertThat(checker.count("completed")).isGreaterThanOrEqualTo(ENOUGH - 1);
        assertThat(checker.ended()).isEqualTo(ITEMS);
        assertThat(Checker.calls(provider).values().stream().flatMap(List::stream))
                .allMatch(call -> call.at() < cancelledAt + GRACE_MILLIS);
    }

    @Test
    void aPausedBatchKeepsItsPlaceThroughACrash() throws Exception {
        Door.Raw answer = post("/pause");
        provider.await("in_flight=0", LIMIT);
        await(() -> look().equals("paused") && checker.ended() == answered());
        int calls = provider.wholeLog().size();
        restart();

        assertThat(answer.status()).isEqualTo(202);
        assertThat(look()).isEqualTo("paused");
        assertThat(provider.wholeLog()).hasSize(calls);
        assertThat(post("/resume").status()).isEqualTo(202);
        await(() -> look().equals("completed"));
        checker.results(function);
        checker.verify();
        Checker.calls(provider)
                .forEach((item, made) ->
                        assertThat(made.stream().filter(call -> !call.faulty()))
                                .as("Calls of item " + item)
                                .hasSize(new Question(item).alwaysFails() ? 0 : 1));
    }

    /// Items whose last call has come to its end.
    private int answered() {
        return (int)
                Checker.calls(provider).entrySet().stream()
                        .filter(made ->
                                new Question(made.getKey()).alwaysFails()
                                        || made.getValue().stream().anyMatch(Call::answered))
                        .count();
    }

    private Function start() {
        return new Function(CrashRun.environment(simulated, engine, 50));
    }

    private void restart() {
        function.kill();
        function = start();
    }

    private String look() {
        return checker.look(function);
    }

    private Door.Raw post(String what) {
        return function.call("POST", "/batch/" + id + what, "application/json", "");
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(end);
            // What is asked is asked over the wire, but need not be asked all the time.
            new CountDownLatch(1).await(50, TimeUnit.MILLISECONDS);
        }
    }
}
