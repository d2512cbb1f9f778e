package io.penstock.flow;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// The room that this process has: who is in, and who of them holds one of its permits. Counting
/// who is in is thread-safe; the permits are guarded by the lock of [Admission].
final class Room {

    private static final Duration RETRY_AFTER_MIN = Duration.ofSeconds(1);

    /// OpenAI's SDKs ignore a `Retry-After` above 120 s and do not retry at all (openai-java
    /// `RetryingHttpClient`, openai-node `client.ts`).
    private static final Duration RETRY_AFTER_MAX = Duration.ofSeconds(120);

    /// For so long after a caller in person permits are kept free of jobs for the next one.
    private static final long EXPECTED_MICROS = 10_000_000;

    private final int permits;
    private final int most;
    private final AtomicInteger patient = new AtomicInteger();
    private final AtomicInteger inPerson = new AtomicInteger();
    private int free;
    private int freeForJobs;
    private long inPersonMicros = -EXPECTED_MICROS;
    private long averageHoldNanos;

    Room(FlowConfig config) {
        this.permits = config.maxConcurrency();
        this.most = config.maxConcurrency() + config.maxWaiting();
        this.free = permits;
        this.freeForJobs = config.batchConcurrency();
    }

    /// A seat to run or to wait in.
    ///
    /// @return null when there is none
    @Nullable Seat enter() {
        if (inPerson.incrementAndGet() > most) {
            inPerson.decrementAndGet();
            return null;
        }
        return new Seat(inPerson);
    }

    /// A seat for what an earlier call has begun and paid for: it is not refused.
    Seat enterAgain() {
        inPerson.incrementAndGet();
        return new Seat(inPerson);
    }

    /// A seat for one of those that bound their like themselves.
    Seat enterPatiently() {
        patient.incrementAndGet();
        return new Seat(patient);
    }

    int inFlight() {
        return permits - free;
    }

    /// Calls that are in and hold no permit.
    int waiting() {
        return Math.max(0, inPerson.get() + patient.get() - inFlight());
    }

    /// A call asks for a permit.
    void asked(Want want, long now) {
        if (want.job() == null) {
            inPersonMicros = now;
        }
    }

    boolean isFree() {
        return free > 0;
    }

    /// Whether a job's call may have a permit: what is kept for callers in person is kept only
    /// while there are any.
    boolean isFreeForJobs(long now) {
        return freeForJobs > 0 || (free > 0 && now - inPersonMicros > EXPECTED_MICROS);
    }

    void take(Want want) {
        free--;
        if (want.job() != null) {
            freeForJobs--;
        }
    }

    /// @param heldNanos how long it was held
    void giveBack(Want want, long heldNanos) {
        averageHoldNanos =
                averageHoldNanos == 0
                        ? heldNanos
                        : averageHoldNanos + (heldNanos - averageHoldNanos) / 16;
        free++;
        if (want.job() != null) {
            freeForJobs++;
        }
    }

    /// When a caller that finds no room may try again: true to the extent that calls take as long
    /// as the last ones did.
    ///
    /// @param atOnce calls that its provider takes at once
    /// @param least that it takes for another reason
    Duration retryAfter(int atOnce, Duration least) {
        // Jobs wait behind it, but their calls in flight are before it.
        long before = Math.max(0, inPerson.get() - permits) + 1L;
        Duration wait =
                Duration.ofNanos(averageHoldNanos * before / Math.clamp(atOnce, 1, permits));
        return bounded(wait.compareTo(least) > 0 ? wait : least);
    }

    /// A wait that a caller can be told.
    static Duration bounded(Duration wait) {
        if (wait.compareTo(RETRY_AFTER_MIN) < 0) {
            return RETRY_AFTER_MIN;
        }
        return wait.compareTo(RETRY_AFTER_MAX) > 0 ? RETRY_AFTER_MAX : wait;
    }
}
