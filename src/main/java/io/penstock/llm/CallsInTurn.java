package io.penstock.llm;

import io.penstock.flow.Turns;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Calls that are made one after the other for one end, such as a pipeline's stages or an AI
/// service with its tools: how long they may last together, whose they are, and what they have
/// taken.
///
/// [#cancel] and [#drain] end the call that is under way and each that would come after it, and may
/// come from any thread at any time; the other methods may be read from any thread.
public final class CallsInTurn implements Running {

    private final Call.@Nullable JobTerms job;

    private final Object lock = new Object();
    private @Nullable Duration left;
    private @Nullable Call underWay;
    private @Nullable Call last;
    private @Nullable Thread waiting;
    private boolean cancelled;
    private boolean draining;
    private int attempts;
    private long failedMicros;
    private final List<UsedInVain> inVain = new ArrayList<>();
    private Duration overhead = Duration.ZERO;

    /// @param limit for the attempts of all calls and the pauses between them; null for the
    ///   configured one
    /// @param job whose calls they are; null when somebody waits for their end
    /// @param attempts that were made for the same end before
    public CallsInTurn(@Nullable Duration limit, Call.@Nullable JobTerms job, int attempts) {
        this.left = limit;
        this.job = job;
        this.attempts = attempts;
    }

    @Override
    public void cancel() {
        synchronized (lock) {
            cancelled = true;
            if (underWay != null) {
                underWay.cancel();
            }
            wake();
        }
    }

    @Override
    public void drain() {
        synchronized (lock) {
            draining = true;
            if (underWay != null) {
                underWay.drain();
            }
            wake();
        }
    }

    private void wake() {
        if (waiting != null) {
            waiting.interrupt();
        }
    }

    @Override
    public boolean isDraining() {
        synchronized (lock) {
            return draining;
        }
    }

    /// Whether they were to end before their end.
    public boolean isStopped() {
        synchronized (lock) {
            return cancelled || draining;
        }
    }

    /// Waits for its turn among others of its kind.
    ///
    /// @param inPerson how long somebody waits who waits for the end; a job's calls wait as long as
    ///   need be
    /// @return null when it took too long
    /// @throws InterruptedException when it was to end before
    public Turns.@Nullable Turn turn(Turns turns, Duration inPerson) throws InterruptedException {
        synchronized (lock) {
            if (isStopped()) {
                throw new InterruptedException();
            }
            waiting = Thread.currentThread();
        }
        try {
            return job == null
                    ? turns.await(null, 1, inPerson)
                    : turns.await(job.name(), job.weight(), null);
        } finally {
            synchronized (lock) {
                waiting = null;
                if (isStopped()) {
                    Thread.interrupted();
                }
            }
        }
    }

    /// The next call.
    ///
    /// @param defaultLimit where no limit was given
    /// @param deltas takes the answer piece by piece; null for the whole answer at once
    public Call begin(
            Prompt prompt,
            Duration defaultLimit,
            @Nullable Consumer<String> deltas,
            Call.StageTerms stage) {
        synchronized (lock) {
            Duration limit = left == null ? defaultLimit : left;
            Call next = Call.of(new Ask(prompt, limit, deltas, job, stage)).goingOn(failedMicros);
            failedMicros = 0;
            if (cancelled) {
                next.cancel();
            }
            if (draining) {
                next.drain();
            }
            underWay = next;
            return next;
        }
    }

    /// Goes on after a call.
    public void ended(Call call) {
        synchronized (lock) {
            underWay = null;
            last = call;
            left = call.timeLeft();
            attempts += call.attemptCount();
            inVain.addAll(call.inVain());
            overhead = overhead.plus(call.overhead());
        }
    }

    /// Whether one of them has ended.
    boolean hasBegun() {
        synchronized (lock) {
            return last != null;
        }
    }

    /// What is left of the time of all; null for the configured one.
    public @Nullable Duration timeLeft() {
        synchronized (lock) {
            return left;
        }
    }

    @Override
    public int attemptCount() {
        synchronized (lock) {
            return attempts + (underWay == null ? 0 : underWay.attemptCount());
        }
    }

    @Override
    public List<UsedInVain> inVain() {
        synchronized (lock) {
            List<UsedInVain> all = new ArrayList<>(inVain);
            if (underWay != null) {
                all.addAll(underWay.inVain());
            }
            return all;
        }
    }

    /// Without what was done between the calls.
    @Override
    public Duration overhead() {
        synchronized (lock) {
            return underWay == null ? overhead : overhead.plus(underWay.overhead());
        }
    }

    @Override
    public String asked() {
        Call latest = latest();
        return latest == null ? "" : latest.asked();
    }

    @Override
    public long begunNanos() {
        Call latest = latest();
        return latest == null ? 0 : latest.begunNanos();
    }

    /// Goes on with what was tried before of what the first call is about, at the same model.
    ///
    /// @param micros as [#failedMicros] was then
    public void goesOn(long micros) {
        synchronized (lock) {
            failedMicros = micros;
        }
    }

    @Override
    public long failedMicros() {
        Call latest = latest();
        return latest == null ? 0 : latest.failedMicros();
    }

    @Override
    public boolean othersAnswered() {
        Call latest = latest();
        return latest != null && latest.othersAnswered();
    }

    @Override
    public @Nullable String providerRequestId() {
        Call latest = latest();
        return latest == null ? null : latest.providerRequestId();
    }

    @Override
    public Map<String, String> rateHeaders() {
        Call latest = latest();
        return latest == null ? Map.of() : latest.rateHeaders();
    }

    private @Nullable Call latest() {
        synchronized (lock) {
            return underWay == null ? last : underWay;
        }
    }
}
