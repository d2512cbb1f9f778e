package io.penstock.llm;

import java.time.Duration;
import java.util.function.Predicate;

/// Tells the retry layer whether another attempt makes sense: never after a delta has reached the
/// caller.
///
/// Public with a public constructor, as the fault tolerance runtime makes it.
public final class Retryable implements Predicate<Throwable> {

    @Override
    public boolean test(Throwable thrown) {
        return thrown instanceof LlmException failed
                && failed.failure().kind().retryable()
                && !failed.call().streamed()
                && !failed.call().isCancelled()
                && !failed.call().isDraining()
                && reachable(failed);
    }

    /// A caller whose deadline comes before the provider's `Retry-After` hears so now instead of
    /// waiting in vain. A job's call has its waits for nothing, and makes no attempt that its
    /// deadline might cut.
    private static boolean reachable(LlmException failed) {
        Duration retryAfter = failed.failure().retryAfter();
        Call call = failed.call();
        Call.Job job = call.job();
        if (job != null) {
            return !call.isShortOfTime()
                    && (retryAfter == null || retryAfter.compareTo(job.patience()) <= 0);
        }
        return retryAfter == null || retryAfter.compareTo(call.timeLeft()) < 0;
    }
}
