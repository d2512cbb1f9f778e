package io.penstock.llm;

import io.smallrye.faulttolerance.api.CustomBackoffStrategy;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.microprofile.config.ConfigProvider;

/// Waits between two attempts: exponential with full jitter up to a cap, and never less than the
/// provider's `Retry-After`.
///
/// Full jitter spreads retries over the whole interval, which ends collisions sooner than a small
/// random part (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). The
/// wait ends at the call's deadline at the latest; the attempt after it then says so.
///
/// Public with a public constructor, as the fault tolerance runtime makes one for each call.
public final class RetryAfterBackoff implements CustomBackoffStrategy {

    private final AtomicLong ceilingMillis = new AtomicLong();
    private volatile long capMillis;

    @Override
    public void init(long initialDelayInMillis) {
        ceilingMillis.set(initialDelayInMillis);
    }

    @Override
    public long nextDelayInMillis(Throwable thrown) {
        if (capMillis == 0) {
            capMillis =
                    ConfigProvider.getConfig()
                            .getValue("penstock.llm.max-backoff", Duration.class)
                            .toMillis();
        }
        long ceiling = Math.min(capMillis, ceilingMillis.get());
        ceilingMillis.set(Math.min(capMillis, ceiling * 2));
        long jitter = ThreadLocalRandom.current().nextLong(ceiling + 1);
        if (!(thrown instanceof LlmException failed)) {
            return jitter;
        }
        Duration retryAfter = failed.failure().retryAfter();
        Duration longest = failed.longestPause();
        long floor = retryAfter == null ? 0 : retryAfter.toMillis() + 1;
        long bound = longest == null ? 0 : longest.toMillis();
        return Math.max(0, Math.min(floor + jitter, bound));
    }
}
