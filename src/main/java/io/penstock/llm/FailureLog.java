package io.penstock.llm;

import jakarta.enterprise.context.ApplicationScoped;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jboss.logging.Logger;

/// Tells the operator of failed calls: one line for each kind every ten seconds at most, with the
/// number of calls since the last, since a provider's bad minute fails calls by the thousand.
/// Thread-safe.
@ApplicationScoped
class FailureLog {

    private static final Logger LOG = Logger.getLogger("io.penstock.calls");
    private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final ConcurrentHashMap<FailureKind, Recent> recent = new ConcurrentHashMap<>();

    void record(Call call, Failure failure) {
        long failures =
                recent.computeIfAbsent(failure.kind(), _ -> new Recent())
                        .countIfDue(System.nanoTime());
        if (failures == 0) {
            return;
        }
        Logger.Level level =
                switch (failure.kind()) {
                    case AUTHENTICATION, QUOTA_EXHAUSTED -> Logger.Level.ERROR;
                    case INVALID_REQUEST, CONTENT_FILTER, CANCELLED -> Logger.Level.DEBUG;
                    default -> Logger.Level.WARN;
                };
        LOG.logf(
                level,
                "%d call(s) failed: %s, the last on model %s after %d attempt(s). %s",
                failures,
                failure.kind().code(),
                call.prompt().printableModel(),
                call.attemptCount(),
                // What the provider says of a prompt may quote it.
                quotes(failure.kind()) ? "" : failure.message());
    }

    private static boolean quotes(FailureKind kind) {
        return kind == FailureKind.INVALID_REQUEST || kind == FailureKind.CONTENT_FILTER;
    }

    private static final class Recent {

        private final AtomicLong nextAtNanos = new AtomicLong(System.nanoTime());
        private final AtomicLong count = new AtomicLong();

        /// @return how many to tell of now, 0 for none
        long countIfDue(long nowNanos) {
            count.incrementAndGet();
            long due = nextAtNanos.get();
            return nowNanos - due >= 0 && nextAtNanos.compareAndSet(due, nowNanos + INTERVAL_NANOS)
                    ? count.getAndSet(0)
                    : 0;
        }
    }
}
