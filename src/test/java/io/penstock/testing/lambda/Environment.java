package io.penstock.testing.lambda;

import io.penstock.testing.PackagedApplication;
import io.penstock.testing.RuntimeApi;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// One process of a function: AWS documentation, "Understanding the Lambda execution environment
/// lifecycle". One invocation at a time; [#kill] may come from any thread.
final class Environment implements AutoCloseable {

    /// Far more than the 10 s of Lambda's init phase: here many start on few cores.
    private static final Duration START_LIMIT = Duration.ofSeconds(120);

    /// From an answer to the process's next question.
    private static final Duration RETURN_LIMIT = Duration.ofSeconds(10);

    private final RuntimeApi api;
    private final PackagedApplication process;
    private final Duration timeout;
    private volatile boolean gone;

    Environment(Map<String, String> variables, Duration timeout) {
        this.timeout = timeout;
        api = new RuntimeApi(timeout);
        Map<String, String> all = new HashMap<>(variables);
        all.put("AWS_LAMBDA_RUNTIME_API", api.authority());
        process = PackagedApplication.function(all);
        process.ended()
                .thenRun(() -> {
                    gone = true;
                    api.fail("The process has ended: " + process.log());
                });
        boolean started = false;
        try {
            api.awaitStarted(START_LIMIT);
            started = true;
        } finally {
            if (!started) {
                close();
            }
        }
    }

    /// Lets the process go on, hands it the event, and freezes it once it asks for the next.
    Outcome invoke(String event) throws InterruptedException {
        if (event.getBytes(StandardCharsets.UTF_8).length > RuntimeApi.PAYLOAD_MAX) {
            return new Outcome.Failed("RequestTooLargeException");
        }
        process.signal("CONT");
        CompletableFuture<RuntimeApi.Answer> answer = api.send(event);
        process.ended()
                .thenRun(() ->
                        answer.completeExceptionally(
                                new IllegalStateException("Runtime.ExitError: " + process.log())));
        try {
            RuntimeApi.Answer given = answer.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            if (!api.awaitIdle(RETURN_LIMIT)) {
                kill();
            }
            process.signal("STOP");
            return given.isError()
                    ? new Outcome.Failed(given.body())
                    : new Outcome.Answered(given.body());
        } catch (TimeoutException _) {
            kill();
            return new Outcome.Failed("Task timed out after " + timeout);
        } catch (ExecutionException ended) {
            gone = true;
            return new Outcome.Failed(String.valueOf(ended.getCause()));
        }
    }

    /// Ends the process as `kill -9` does.
    void kill() {
        gone = true;
        process.close();
    }

    /// Lets nothing happen any more until the timeout ends the process.
    void hang() {
        process.signal("STOP");
    }

    boolean isGone() {
        return gone;
    }

    long pid() {
        return process.pid();
    }

    String log() {
        return process.log();
    }

    @Override
    public void close() {
        kill();
        process.awaitGone();
        api.close();
    }
}
