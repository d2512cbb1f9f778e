package io.penstock.dev;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Enforces the provider's own limits: requests at once, and requests and tokens in time.
/// Thread-safe. Times are readings of [System#nanoTime()], given by the caller.
///
/// A limit that changes begins anew, with nothing of it used.
final class Limits {
    private final Dimension requests = new Dimension("requests");
    private final Dimension tokens = new Dimension("tokens");
    private @Nullable AtOnce atOnce;
    private long atOnceSince;
    private int inFlight;

    /// A refusal.
    ///
    /// @param type OpenAI's error type, which names what was exceeded
    /// @param message without the wait
    /// @param retryAfter when there is room again, as far as known
    record Excess(String type, String message, Duration retryAfter) {}

    /// Admits the request, which then counts as in flight until [#release()], or says which limit
    /// it exceeds.
    synchronized @Nullable Excess admit(Behaviour behaviour, int tokenCount, long now) {
        follow(behaviour, now);
        if (atOnce != null) {
            int most = atOnce.after(now - atOnceSince);
            if (inFlight >= most) {
                return new Excess(
                        "requests",
                        "Too many requests in flight: Limit %d.".formatted(most),
                        Duration.ofSeconds(1));
            }
        }
        Excess excess = requests.excess(1, now);
        if (excess == null) {
            excess = tokens.excess(tokenCount, now);
        }
        if (excess != null) {
            return excess;
        }
        requests.take(1, now);
        tokens.take(tokenCount, now);
        inFlight++;
        return null;
    }

    synchronized void release() {
        inFlight--;
    }

    /// Starts all limits anew; what is in flight stays so.
    synchronized void forget() {
        requests.follow(null, 0);
        tokens.follow(null, 0);
        atOnce = null;
    }

    /// The `x-ratelimit-*` headers; empty when neither requests nor tokens are limited.
    synchronized Map<String, String> headers(Behaviour behaviour, long now) {
        follow(behaviour, now);
        var headers = new LinkedHashMap<String, String>();
        requests.announce(behaviour.headers(), now, headers);
        tokens.announce(behaviour.headers(), now, headers);
        return headers;
    }

    private void follow(Behaviour behaviour, long now) {
        requests.follow(behaviour.requestQuota(), now);
        tokens.follow(behaviour.tokenQuota(), now);
        if (!Objects.equals(atOnce, behaviour.maxInFlight())) {
            atOnce = behaviour.maxInFlight();
            atOnceSince = now;
        }
    }

    /// Requests or tokens, limited or not.
    private static final class Dimension {
        private final String unit;
        private LimitHeaders.@Nullable Stated open;
        private long taken;

        Dimension(String unit) {
            this.unit = unit;
        }

        void follow(@Nullable Quota quota, long now) {
            if (quota == null) {
                open = null;
                taken = 0;
            } else if (open == null || !open.quota().equals(quota)) {
                open = new LimitHeaders.Stated(unit, quota, quota.open(now));
                taken = 0;
            }
        }

        @Nullable Excess excess(int amount, long now) {
            if (open == null) {
                return null;
            }
            long room = open.account().room(now);
            if (room >= amount) {
                return null;
            }
            Quota quota = open.quota();
            return new Excess(
                    unit,
                    "Rate limit reached on %s per %s: Limit %d, Used %d, Requested %d."
                            .formatted(
                                    unit, quota.per(), quota.count(), quota.share() - room, amount),
                    Duration.ofNanos(open.account().untilRoom(amount, now)));
        }

        void take(int amount, long now) {
            if (open != null) {
                open.account().take(amount, now);
                taken += amount;
            }
        }

        void announce(LimitHeaders headers, long now, Map<String, String> into) {
            if (open != null) {
                headers.write(open, taken, now, into);
            }
        }
    }
}
