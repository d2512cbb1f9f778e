package io.penstock.llm;

import io.penstock.flow.Rates;
import io.penstock.flow.Trial;
import io.penstock.flow.Turns;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One prompt on its way to a model: who takes its deltas, how long it may last, and what it has
/// cost so far.
///
/// A call is made by a door and run once by [Llm#complete]. [#cancel()] may come from any thread at
/// any time; the other methods may be read from any thread.
public final class Call implements Running {

    private static final ScopedValue<Call> CURRENT = ScopedValue.newInstance();

    private volatile Prompt prompt;
    private final @Nullable Duration limit;
    private final @Nullable Consumer<String> deltas;
    private final @Nullable Job job;
    private final @Nullable Stage stage;
    private final long startedAtNanos = System.nanoTime();

    private final Object lock = new Object();
    private @Nullable Thread runner;
    private boolean cancelled;
    private boolean draining;
    private boolean attempting;

    private volatile Deadline deadline = Deadline.in(Duration.ofDays(1));
    private volatile Duration anAttempt = Duration.ZERO;
    private volatile Trial trial = new Trial();
    private volatile long begunNanos = System.nanoTime();
    private volatile int attemptCount;
    private volatile boolean streamed;
    private volatile @Nullable Completion completion;
    private volatile long outsideNanos;
    private volatile Rates rates = Rates.UNKNOWN;
    private volatile @Nullable String providerRequestId;
    private volatile Rates budget = Rates.UNKNOWN;

    private Call(
            Prompt prompt,
            @Nullable Duration limit,
            @Nullable Consumer<String> deltas,
            @Nullable Job job,
            @Nullable Stage stage) {
        this.prompt = prompt;
        this.limit = limit;
        this.deltas = deltas;
        this.job = job;
        this.stage = stage;
    }

    /// A call that waits for the whole answer.
    ///
    /// @param limit for the whole call with all attempts and waits, or null for the configured one
    public static Call of(Prompt prompt, @Nullable Duration limit) {
        return new Call(prompt, limit, null, null, null);
    }

    /// Whose call it is, if nobody waits for its answer.
    ///
    /// @param weight how many of its calls start for one of another job
    /// @param patience how long to wait for the provider's `Retry-After` or for a budget
    public record Job(String name, int weight, Duration patience) {}

    /// A call of a batch: it waits for a permit as long as need be, and for what is known to take
    /// longer only as long as the job's patience lasts; the outcome is then a failure with a longer
    /// [Failure#retryAfter()]. The batch bounds how many there are.
    ///
    /// @param limit for its attempts and the pauses between them
    public static Call of(Prompt prompt, Duration limit, Job job) {
        return new Call(prompt, limit, null, job, null);
    }

    /// One of several calls in turn.
    ///
    /// @param turns bounds how many calls of this kind are in flight; null for no bound of theirs
    /// @param begun whether others have been made and paid for before: then it is not refused for
    ///   want of room, but waits until its deadline
    public record Stage(@Nullable Turns turns, boolean begun) {}

    /// A call that is one of several in turn.
    ///
    /// @param job whose call it is; null when somebody waits for the answer
    public static Call of(Prompt prompt, Duration limit, @Nullable Job job, Stage stage) {
        return new Call(prompt, limit, null, job, stage);
    }

    /// A call that hands over the answer piece by piece: its text, or of a whole request the
    /// provider's chunks, each as JSON on one line.
    ///
    /// @param deltas is called in the thread that runs the call; while it blocks, the provider is
    ///   not read. What it throws cancels the call, unless it was interrupted: then the attempt's
    ///   time is up.
    public static Call streaming(Prompt prompt, @Nullable Duration limit, Consumer<String> deltas) {
        return new Call(prompt, limit, deltas, null, null);
    }

    /// Ends the call wherever it is: waiting, backing off, or reading the answer. Its request is
    /// ended at the provider.
    @Override
    public void cancel() {
        synchronized (lock) {
            cancelled = true;
            if (runner != null) {
                runner.interrupt();
            }
        }
    }

    /// Lets an attempt that is under way come to its end and starts no other: the outcome is the
    /// attempt's own, or [FailureKind#CANCELLED] when none was under way.
    @Override
    public void drain() {
        synchronized (lock) {
            draining = true;
            // On its way back from an attempt an answer must not be lost: it is paid for.
            if (runner != null && !attempting && completion == null) {
                runner.interrupt();
            }
        }
    }

    @Override
    public boolean isDraining() {
        synchronized (lock) {
            return draining;
        }
    }

    @Nullable Job job() {
        return job;
    }

    @Nullable Stage stage() {
        return stage;
    }

    /// The headers that tell a caller of the limits that hold for its model, `x-ratelimit-*`: those
    /// of the configured budget, else what the provider has just said of its own.
    @Override
    public Map<String, String> rateHeaders() {
        return RateHeaders.write(budget.equals(Rates.UNKNOWN) ? rates : budget);
    }

    @Override
    public @Nullable String providerRequestId() {
        return providerRequestId;
    }

    void limitedBy(Rates its) {
        budget = its;
    }

    Rates rates() {
        return rates;
    }

    /// Notes what the head of an answer says.
    void learned(Exchange.Head head) {
        rates = RateHeaders.read(head.headers());
        providerRequestId = head.requestId();
    }

    @Override
    public int attemptCount() {
        return attemptCount;
    }

    @Override
    public Duration overhead() {
        return Duration.ofNanos(System.nanoTime() - startedAtNanos - outsideNanos);
    }

    /// Time until the deadline; very long before the call is run.
    public Duration timeLeft() {
        return deadline.left();
    }

    /// The call whose attempt runs in this thread.
    static Call current() {
        return CURRENT.get();
    }

    Prompt prompt() {
        return prompt;
    }

    boolean streams() {
        return deltas != null;
    }

    /// Whether a delta has left the house; from then on there is no second attempt.
    boolean streamed() {
        return streamed;
    }

    void delta(String text) {
        if (deltas != null) {
            streamed = true;
            try {
                deltas.accept(text);
            } catch (RuntimeException untaken) {
                if (!Thread.currentThread().isInterrupted()) {
                    cancel();
                }
                throw untaken;
            }
        }
    }

    Deadline deadline() {
        return deadline;
    }

    /// Gives back what a wait has taken of the time until the deadline.
    void postpone(Duration wait) {
        deadline = deadline.later(wait);
    }

    /// Fixes what the caller left open.
    ///
    /// @param longest that a further attempt may take, with the wait before it
    void start(Duration defaultLimit, Duration longest, String defaultModel) {
        Duration whole = limit != null ? limit : defaultLimit;
        deadline = Deadline.in(whole);
        anAttempt = longest.compareTo(whole) <= 0 ? longest : Duration.ZERO;
        prompt = prompt.orModel(defaultModel);
    }

    /// Whether a further attempt could be cut short by the deadline, where the limit leaves room
    /// for a whole one.
    boolean isShortOfTime() {
        return timeLeft().compareTo(anAttempt) < 0;
    }

    Trial trial() {
        return trial;
    }

    @Override
    public boolean othersAnswered() {
        return trial.othersAnswered();
    }

    @Override
    public String asked() {
        String model = prompt.model();
        return model == null ? "" : model;
    }

    @Override
    public long begunNanos() {
        return begunNanos;
    }

    /// The model asked for.
    ///
    /// @throws IllegalStateException before [#start]
    String model() {
        if (prompt.model() == null) {
            throw new IllegalStateException("The call has not started.");
        }
        return asked();
    }

    /// Goes on with another model.
    void fallBackTo(String other) {
        prompt = prompt.withModel(other);
        trial = new Trial();
    }

    Duration age() {
        return Duration.ofNanos(System.nanoTime() - startedAtNanos);
    }

    /// Whether [#cancel()] was called.
    public boolean isCancelled() {
        synchronized (lock) {
            return cancelled;
        }
    }

    /// Notes that from now on a [#cancel()] must interrupt this thread.
    ///
    /// @throws InterruptedException when the call is cancelled already
    void runsHere() throws InterruptedException {
        synchronized (lock) {
            if (cancelled || draining) {
                throw new InterruptedException();
            }
            runner = Thread.currentThread();
        }
    }

    /// Ends [#runsHere]: a later [#cancel()] is only noted. Swallows an interrupt that it may have
    /// sent.
    void runsNoMore() {
        synchronized (lock) {
            runner = null;
            if (cancelled || draining) {
                Thread.interrupted();
            }
        }
    }

    /// Runs one attempt with this call as the [current][#current] one.
    void attempt(Runnable attempt) throws InterruptedException {
        synchronized (lock) {
            // Through the proxies of the layers below, an interrupt comes undeclared.
            if (Thread.interrupted() || draining) {
                throw new InterruptedException();
            }
            attempting = true;
        }
        try {
            ScopedValue.where(CURRENT, this).run(attempt);
        } finally {
            synchronized (lock) {
                attempting = false;
            }
        }
    }

    /// Counts a request that is about to be made; one for which no connection comes about counts
    /// too.
    void attempted() {
        rates = Rates.UNKNOWN;
        begunNanos = System.nanoTime();
        attemptCount++;
    }

    void spentOutside(long nanos) {
        outsideNanos += nanos;
    }

    @Nullable Completion completion() {
        return completion;
    }

    void completed(Completion whole) {
        completion = whole;
    }
}
