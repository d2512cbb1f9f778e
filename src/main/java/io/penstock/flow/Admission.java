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

    /// Taken before a permit by those who have patience, so that they never hold all permits.
    private final Semaphore patientPermits;

    private final AtomicInteger patientInside = new AtomicInteger();
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
        this.patientPermits = new Semaphore(checked.batchConcurrency(), true);
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

    /// Lets a call in that bounds its like itself and has patience.
    public void enterPatiently() {
        patientInside.incrementAndGet();
    }

    /// Ends what [#enterPatiently] began.
    public void leavePatiently() {
        patientInside.decrementAndGet();
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
        return await(model, latest, latest, false);
    }

    /// Waits until a call of a batch may start: as long as need be for one of the permits that
    /// batches may have, but only so long for the provider's mark.
    ///
    /// @param patience with a mark; whoever is told of a longer one comes back later
    /// @return as [#await]
    public Decision awaitPatiently(String model, Duration patience, Instant deadline)
            throws InterruptedException {
        Instant latest = clock.instant().plus(patience);
        return await(model, latest.isBefore(deadline) ? latest : deadline, deadline, true);
    }

    private Decision await(String model, Instant latestMark, Instant latest, boolean patient)
            throws InterruptedException {
        while (true) {
            Duration untilMark = untilMark(model);
            if (untilMark.isPositive() && clock.instant().plus(untilMark).isAfter(latestMark)) {
                return new Decision.NotBefore(bounded(untilMark));
            }
            Thread.sleep(untilMark);
            if (!acquire(latest, patient)) {
                return new Decision.Full(retryAfterWhenFull());
            }
            // Another call may have been told to wait while this one stood in the queue.
            if (untilMark(model).isZero()) {
                return new Permit(this, System.nanoTime(), patient);
            }
            giveBack(patient);
        }
    }

    private boolean acquire(Instant latest, boolean patient) throws InterruptedException {
        if (patient && !tryAcquire(patientPermits, latest)) {
            return false;
        }
        boolean acquired = false;
        try {
            acquired = tryAcquire(permits, latest);
            return acquired;
        } finally {
            if (patient && !acquired) {
                patientPermits.release();
            }
        }
    }

    private boolean tryAcquire(Semaphore semaphore, Instant latest) throws InterruptedException {
        Duration left = Duration.between(clock.instant(), latest);
        return semaphore.tryAcquire(Math.max(0, left.toNanos()), TimeUnit.NANOSECONDS);
    }

    private void giveBack(boolean patient) {
        permits.release();
        if (patient) {
            patientPermits.release();
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
        return Math.max(0, inside.get() + patientInside.get() - inFlight());
    }

    void release(Permit permit) {
        giveBack(permit.patient());
        long held = System.nanoTime() - permit.acquiredAtNanos();
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
