package io.penstock.llm;

import io.penstock.flow.Rates;
import io.penstock.flow.Trial;
import io.penstock.flow.Turns;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One prompt on its way to a model, as the door that made it holds it: how to end it, and what it
/// has taken so far.
///
/// A call is made by a door and run once by [Llm#complete], which returns its outcome. [#cancel()]
/// may come from any thread at any time; the other public methods may be read from any thread.
public final class Call implements Running {

    private final Ask ask;
    private final long startedAtNanos = System.nanoTime();

    private final Object lock = new Object();
    private @Nullable Thread runner;
    private boolean cancelled;
    private boolean draining;
    private final List<UsedInVain> inVain = new ArrayList<>();

    /// The attempt that is under way, or whose whole answer is on its way back.
    private @Nullable Attempt underWay;

    private volatile Prompt prompt;
    private volatile Allowance time = new Allowance(Duration.ofDays(1), Duration.ZERO, null);
    private volatile Trial trial = new Trial();
    private volatile long begunNanos = System.nanoTime();
    private volatile int attemptCount;
    private volatile long outsideNanos;
    private volatile @Nullable String providerRequestId;
    private volatile Rates rates = Rates.UNKNOWN;
    private volatile Rates budget = Rates.UNKNOWN;

    private Call(Ask ask) {
        this.ask = ask;
        this.prompt = ask.prompt();
    }

    static Call of(Ask ask) {
        return new Call(ask);
    }

    /// A call that waits for the whole answer.
    ///
    /// @param limit for the whole call with all attempts and waits, or null for the configured one
    public static Call of(Prompt prompt, @Nullable Duration limit) {
        return new Call(new Ask(prompt, limit, null, null, null));
    }

    /// The batch that a call belongs to.
    ///
    /// @param weight how many of its calls start for one of another job
    /// @param patience how long to wait for the provider's `Retry-After` or for a budget
    public record JobTerms(String name, int weight, Duration patience) {}

    /// A call of a batch: it waits for a permit as long as need be, and for what is known to take
    /// longer only as long as the job's patience lasts; the outcome is then a failure with a longer
    /// [Failure#retryAfter()]. The batch bounds how many there are.
    ///
    /// @param limit for its attempts and the pauses between them
    public static Call of(Prompt prompt, Duration limit, JobTerms job) {
        return new Call(new Ask(prompt, limit, null, job, null));
    }

    /// The pipeline's stage that a call belongs to.
    ///
    /// @param turns bounds how many calls of this kind are in flight; null for no bound of theirs
    /// @param begun whether others have been made and paid for before: then it is not refused for
    ///   want of room, but waits until its deadline
    public record StageTerms(@Nullable Turns turns, boolean begun) {}

    /// A call that hands over the answer piece by piece: its text, or of a whole request the
    /// provider's chunks, each as JSON on one line.
    ///
    /// @param deltas is called in the thread that runs the call; while it blocks, the provider is
    ///   not read. What it throws cancels the call, unless it was interrupted: then the attempt's
    ///   time is up.
    public static Call streaming(Prompt prompt, @Nullable Duration limit, Consumer<String> deltas) {
        return new Call(new Ask(prompt, limit, deltas, null, null));
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
            if (runner != null && underWay == null) {
                runner.interrupt();
            }
        }
    }

    /// Whether [#cancel()] was called.
    public boolean isCancelled() {
        synchronized (lock) {
            return cancelled;
        }
    }

    @Override
    public boolean isDraining() {
        synchronized (lock) {
            return draining;
        }
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

    @Override
    public int attemptCount() {
        return attemptCount;
    }

    @Override
    public List<UsedInVain> inVain() {
        synchronized (lock) {
            return List.copyOf(inVain);
        }
    }

    @Override
    public Duration overhead() {
        return age().minusNanos(outsideNanos);
    }

    /// Time until the deadline; very long before the call is run.
    public Duration timeLeft() {
        return time.left();
    }

    @Override
    public boolean othersAnswered() {
        return trial.othersAnswered();
    }

    /// Goes on with what was tried of the same prompt before, at the same model.
    ///
    /// @param failedMicros as [#failedMicros] was then
    /// @return this
    public Call goingOn(long failedMicros) {
        trial = new Trial(failedMicros);
        return this;
    }

    @Override
    public long failedMicros() {
        return trial.failedMicros();
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

    Ask ask() {
        return ask;
    }

    /// With the model that it goes to.
    Prompt prompt() {
        return prompt;
    }

    Allowance time() {
        return time;
    }

    Trial trial() {
        return trial;
    }

    Duration age() {
        return Duration.ofNanos(System.nanoTime() - startedAtNanos);
    }

    /// Fixes what the caller left open.
    ///
    /// @param longest that a further attempt may take, with the wait before it
    void start(Duration defaultLimit, Duration longest, String defaultModel) {
        time =
                new Allowance(
                        ask.limit() != null ? ask.limit() : defaultLimit,
                        longest,
                        ask.job() == null ? null : ask.job().patience());
        prompt = prompt.orModel(defaultModel);
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

    /// Begins an attempt; close it in every case.
    Attempt begin() throws InterruptedException {
        synchronized (lock) {
            if (Thread.interrupted() || draining) {
                throw new InterruptedException();
            }
            underWay = new Attempt(this, prompt, time.deadline(), ask.deltas());
            return underWay;
        }
    }

    void ended(Attempt attempt) {
        UsedInVain used = attempt.used();
        synchronized (lock) {
            if (used != null && !attempt.isWhole()) {
                inVain.add(used);
            }
            if (underWay == attempt && !attempt.isWhole()) {
                underWay = null;
            }
        }
    }

    /// Goes on with another model.
    void fallBackTo(String other) {
        prompt = prompt.withModel(other);
        trial = new Trial();
    }

    /// A failure with what follows from it.
    ///
    /// @param streamed whether something of an answer has reached the caller
    LlmException failed(Failure failure, boolean streamed) {
        boolean isOpen;
        synchronized (lock) {
            isOpen = !streamed && !cancelled && !draining;
        }
        boolean again = isOpen && failure.kind().retryable();
        Duration retryAfter = failure.retryAfter();
        Duration longestPause = again ? time.longestPause(retryAfter) : null;
        time.pauses(retryAfter);
        return new LlmException(failure, isOpen, longestPause);
    }

    /// Goes on after a failed attempt.
    void goesOn() {
        spentOutside(time.goesOn().toNanos());
    }

    /// Notes a wait for somebody else.
    void waited(Duration wait) {
        spentOutside(wait.toNanos());
        time.waited(wait);
    }

    void spentOutside(long nanos) {
        outsideNanos += nanos;
    }

    /// Notes the limits of the configured budget.
    void limitedBy(Rates its) {
        budget = its;
    }

    /// Counts a request.
    void requested() {
        rates = Rates.UNKNOWN;
        begunNanos = System.nanoTime();
        attemptCount++;
    }

    /// Notes what the provider says of its limits, and its id of the answer.
    void learned(Rates its, @Nullable String requestId) {
        rates = its;
        providerRequestId = requestId;
    }
}
