package io.penstock.flow;

import io.quarkus.runtime.Startup;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/// Says when a call may start, and refuses what would wait too long.
///
/// A call [enters][#enter] once, [awaits][#await] a permit before each attempt, and
/// [leaves][#leave] at its end. Whoever waits holds nothing: permits are given back before a call
/// backs off. The limits hold for this process.
///
/// Thread-safe. Methods that wait block their thread, which is meant to be a virtual one.
@ApplicationScoped
@Startup
public class Admission {

    /// A provider has a few dozen models; the cap keeps made-up model names from filling the
    /// memory.
    private static final int MARKS_MAX = 10_000;

    private static final Duration RETRY_AFTER_MIN = Duration.ofSeconds(1);

    /// OpenAI's SDKs ignore a `Retry-After` above 120 s and do not retry at all (openai-java
    /// `RetryingHttpClient`, openai-node `client.ts`).
    private static final Duration RETRY_AFTER_MAX = Duration.ofSeconds(120);

    private final Clock clock;
    private final int maxConcurrency;
    private final int maxInside;
    private final Duration maxWait;
    private final Semaphore permits;
    private final AtomicInteger inside = new AtomicInteger();
    private final AtomicLong averageHoldNanos = new AtomicLong();
    private final ConcurrentHashMap<String, Instant> marks = new ConcurrentHashMap<>();

    Admission(FlowConfig config, Clock clock) {
        FlowConfig checked = config.checked();
        this.clock = clock;
        this.maxConcurrency = checked.maxConcurrency();
        this.maxInside = checked.maxConcurrency() + checked.maxWaiting();
        this.maxWait = checked.maxWait();
        // Fair, so that a retried call is not passed for ever by new ones.
        this.permits = new Semaphore(maxConcurrency, true);
    }

    /// Lets a call in if there is room to run or to wait.
    ///
    /// @return whether it is in; only then it must [leave][#leave]
    public boolean enter() {
        int now = inside.incrementAndGet();
        if (now > maxInside) {
            inside.decrementAndGet();
            return false;
        }
        return true;
    }

    /// Ends what [#enter] began.
    public void leave() {
        inside.decrementAndGet();
    }

    /// Waits until a call to `model` may start.
    ///
    /// @param first whether this is the call's first attempt, which waits no longer than the
    ///   configured `max-wait`; a later one waits until its deadline
    /// @param deadline when the call's time is up
    /// @return a permit to close after the attempt, or why there is none
    /// @throws InterruptedException when the caller gave up
    public Decision await(String model, boolean first, Instant deadline)
            throws InterruptedException {
        Instant latest = deadline;
        if (first) {
            Instant patience = clock.instant().plus(maxWait);
            latest = patience.isBefore(deadline) ? patience : deadline;
        }
        while (true) {
            Duration untilMark = untilMark(model);
            if (untilMark.isPositive() && clock.instant().plus(untilMark).isAfter(latest)) {
                return new Decision.NotBefore(bounded(untilMark));
            }
            Thread.sleep(untilMark);
            Duration left = Duration.between(clock.instant(), latest);
            if (!permits.tryAcquire(Math.max(0, left.toNanos()), TimeUnit.NANOSECONDS)) {
                return new Decision.Full(retryAfterWhenFull());
            }
            // Another call may have been told to wait while this one stood in the queue.
            if (untilMark(model).isZero()) {
                return new Permit(this, System.nanoTime());
            }
            permits.release();
        }
    }

    /// Records the provider's word that no call to `model` may start for `wait`; the latest such
    /// moment counts.
    public void notBefore(String model, Duration wait) {
        if (marks.size() >= MARKS_MAX) {
            Instant now = clock.instant();
            marks.values().removeIf(mark -> mark.isBefore(now));
        }
        if (marks.size() < MARKS_MAX || marks.containsKey(model)) {
            marks.merge(
                    model,
                    clock.instant().plus(wait),
                    (one, other) -> one.isAfter(other) ? one : other);
        }
    }

    /// When a caller that found no room may try again: true to the extent that calls take as long
    /// as the last ones did.
    public Duration retryAfterWhenFull() {
        long queued = Math.max(0, inside.get() - maxConcurrency) + 1L;
        return bounded(Duration.ofNanos(averageHoldNanos.get() * queued / maxConcurrency));
    }

    /// Calls that hold a permit.
    public int inFlight() {
        return maxConcurrency - permits.availablePermits();
    }

    /// Calls that are in and hold no permit.
    public int waiting() {
        return Math.max(0, inside.get() - inFlight());
    }

    void release(long acquiredAtNanos) {
        permits.release();
        long held = System.nanoTime() - acquiredAtNanos;
        averageHoldNanos.updateAndGet(
                average -> average == 0 ? held : average + (held - average) / 16);
    }

    private Duration untilMark(String model) {
        Instant mark = marks.get(model);
        if (mark == null) {
            return Duration.ZERO;
        }
        Duration left = Duration.between(clock.instant(), mark);
        if (left.isPositive()) {
            return left;
        }
        marks.remove(model, mark);
        return Duration.ZERO;
    }

    private static Duration bounded(Duration wait) {
        if (wait.compareTo(RETRY_AFTER_MIN) < 0) {
            return RETRY_AFTER_MIN;
        }
        return wait.compareTo(RETRY_AFTER_MAX) > 0 ? RETRY_AFTER_MAX : wait;
    }
}
