package io.penstock.llm;

import io.penstock.flow.Turns;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What one run of an AI service asks of models, however many calls that takes: how long they may
/// last together, whose they are, and what they have come to. [#cancel] and [#drain] may come from
/// any thread at any time; the other methods may be read from any thread.
///
/// It goes along with the request context ([WorkInHand]), in which a run is, also where a timeout
/// makes the run go on in another thread.
public final class Work implements Running {

    private final Call.@Nullable Job job;
    private final @Nullable Duration limit;
    private final @Nullable Wanted wanted;

    private final Object lock = new Object();
    private @Nullable Duration left;
    private @Nullable Call call;
    private boolean cancelled;
    private boolean draining;
    private boolean begun;

    private int attempts;
    private Duration overhead = Duration.ZERO;
    private long begunNanos;
    private String asked = "";
    private boolean othersAnswered;
    private @Nullable String requestId;
    private Map<String, String> rateHeaders = Map.of();
    private @Nullable Usage usage;
    private long costNanos;
    private @Nullable Completion last;
    private @Nullable Thread waiting;
    private volatile boolean answered;

    private Work(Call.@Nullable Job job, @Nullable Duration limit, @Nullable Wanted wanted) {
        this.job = job;
        this.limit = limit;
        this.left = limit;
        this.wanted = wanted;
    }

    /// @param limit for the attempts of all calls and the pauses between them; null for the
    ///   configured one
    /// @param job whose work it is; null when somebody waits for its end
    /// @param wanted what its answers have to be like; null for any
    public static Work of(
            @Nullable Duration limit, Call.@Nullable Job job, @Nullable Wanted wanted) {
        return new Work(job, limit, wanted);
    }

    @Override
    public void cancel() {
        synchronized (lock) {
            cancelled = true;
            if (call != null) {
                call.cancel();
            }
            wake();
        }
    }

    @Override
    public void drain() {
        synchronized (lock) {
            draining = true;
            if (call != null) {
                call.drain();
            }
            wake();
        }
    }

    private void wake() {
        if (waiting != null) {
            waiting.interrupt();
        }
    }

    /// Waits for its turn among others of its kind.
    ///
    /// @param inPerson how long somebody waits who waits for the end; a job's work waits as long as
    ///   need be
    /// @return null when it took too long
    /// @throws InterruptedException when it was to end before
    public Turns.@Nullable Turn turn(Turns turns, Duration inPerson) throws InterruptedException {
        synchronized (lock) {
            if (cancelled || draining) {
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
                if (cancelled || draining) {
                    Thread.interrupted();
                }
            }
        }
    }

    /// Notes whether the AI service's own method has answered, and nothing in its place.
    public void answered(boolean itself) {
        answered = itself;
    }

    public boolean isAnswered() {
        return answered;
    }

    @Override
    public boolean isDraining() {
        synchronized (lock) {
            return draining;
        }
    }

    /// Whether it was to end before its end.
    public boolean isCancelled() {
        synchronized (lock) {
            return cancelled || draining;
        }
    }

    @Override
    public int attemptCount() {
        synchronized (lock) {
            return attempts + (call == null ? 0 : call.attemptCount());
        }
    }

    @Override
    public String asked() {
        synchronized (lock) {
            return call == null ? asked : call.asked();
        }
    }

    @Override
    public long begunNanos() {
        synchronized (lock) {
            return call == null ? begunNanos : call.begunNanos();
        }
    }

    @Override
    public boolean othersAnswered() {
        synchronized (lock) {
            return call == null ? othersAnswered : call.othersAnswered();
        }
    }

    /// Without what the application's own code took between its calls.
    @Override
    public Duration overhead() {
        synchronized (lock) {
            return call == null ? overhead : overhead.plus(call.overhead());
        }
    }

    @Override
    public @Nullable String providerRequestId() {
        synchronized (lock) {
            return call == null ? requestId : call.providerRequestId();
        }
    }

    @Override
    public Map<String, String> rateHeaders() {
        synchronized (lock) {
            return call == null ? rateHeaders : call.rateHeaders();
        }
    }

    /// What its answers have used together; null when that is not known of any.
    public @Nullable Usage usage() {
        synchronized (lock) {
            return usage;
        }
    }

    /// What they have cost, in billionths of the prices' currency.
    public long costNanos() {
        synchronized (lock) {
            return costNanos;
        }
    }

    /// The last answer of a model; null as long as there is none.
    public @Nullable Completion last() {
        synchronized (lock) {
            return last;
        }
    }

    @Nullable Wanted wanted() {
        return wanted;
    }

    /// The next of its calls, which is cancelled with the work.
    ///
    /// @param deltas takes the answer piece by piece; null for the whole answer at once
    Call begin(Prompt prompt, Duration defaultLimit, @Nullable Consumer<String> deltas) {
        synchronized (lock) {
            Call next =
                    Call.of(
                            new Ask(
                                    prompt,
                                    left == null ? defaultLimit : left,
                                    deltas,
                                    job,
                                    new Call.Stage(null, begun)));
            if (cancelled) {
                next.cancel();
            }
            if (draining) {
                next.drain();
            }
            call = next;
            return next;
        }
    }

    /// Goes on after a call.
    ///
    /// @param costs what an answer costs, in billionths
    void ended(Call its, Outcome outcome, long costs) {
        synchronized (lock) {
            call = null;
            begun = true;
            left = its.timeLeft();
            attempts += its.attemptCount();
            overhead = overhead.plus(its.overhead());
            begunNanos = its.begunNanos();
            asked = its.asked();
            othersAnswered = its.othersAnswered();
            requestId = its.providerRequestId();
            rateHeaders = its.rateHeaders();
            if (outcome instanceof Completion done) {
                last = done;
                costNanos += costs;
                Usage one = done.usage();
                if (one != null) {
                    usage = usage == null ? one : usage.plus(one);
                }
            }
        }
    }
}
