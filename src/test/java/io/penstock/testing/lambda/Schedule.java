package io.penstock.testing.lambda;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;

/// Invokes a function again and again, as a rule of EventBridge does.
public final class Schedule implements AutoCloseable {

    private final Thread thread;

    /// @param every counted from the end of the invocation before
    public Schedule(LocalFunction function, Duration every) {
        thread = Thread.ofVirtual().name("schedule").start(() -> run(function, every));
    }

    private static void run(LocalFunction function, Duration every) {
        try {
            while (true) {
                Thread.sleep(every);
                function.invoke(event());
            }
        } catch (InterruptedException _) {
            // Closed.
        }
    }

    /// AWS documentation, "Scheduled events" of EventBridge.
    public static String event() {
        return """
        {"version":"0","id":"%s","detail-type":"Scheduled Event","source":"aws.events",\
        "account":"123456789012","time":"%s","region":"eu-central-1",\
        "resources":["arn:aws:events:eu-central-1:123456789012:rule/sweep"],"detail":{}}\
        """
                .formatted(UUID.randomUUID(), Instant.now().truncatedTo(ChronoUnit.SECONDS));
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
