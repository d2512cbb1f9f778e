package io.penstock.dev;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Enforces the provider's own limits: requests in flight, and requests and tokens admitted in any
/// 60 seconds. Thread-safe. Times are readings of [System#nanoTime()], given by the caller.
final class Limits {
    private static final long WINDOW = Duration.ofSeconds(60).toNanos();

    private final ArrayDeque<Admission> window = new ArrayDeque<>();
    private long windowTokens;
    private int inFlight;

    private record Admission(long at, int tokens) {}

    /// A refusal.
    ///
    /// @param type OpenAI's error type, which names what was exceeded
    /// @param retryAfter when there is room again, as far as known
    record Excess(String type, String message, Duration retryAfter) {}

    /// Admits the request, which then counts as in flight until [#release()], or says which limit
    /// it exceeds.
    synchronized @Nullable Excess admit(Behaviour behaviour, int tokens, long now) {
        expire(now);
        Integer maxInFlight = behaviour.maxInFlight();
        if (maxInFlight != null && inFlight >= maxInFlight) {
            return new Excess(
                    "requests",
                    "Too many requests in flight: Limit %d.".formatted(maxInFlight),
                    Duration.ofSeconds(1));
        }
        Integer rpm = behaviour.rpm();
        if (rpm != null && window.size() >= rpm) {
            return excess("requests", rpm, window.size(), 1, untilRoom(now, rpm, 0));
        }
        Integer tpm = behaviour.tpm();
        if (tpm != null && windowTokens + tokens > tpm) {
            return excess("tokens", tpm, windowTokens, tokens, untilRoom(now, 0, tpm - tokens));
        }
        if (rpm != null || tpm != null) {
            window.addLast(new Admission(now, tokens));
            windowTokens += tokens;
        }
        inFlight++;
        return null;
    }

    synchronized void release() {
        inFlight--;
    }

    /// Empties the window; what is in flight stays so.
    synchronized void forget() {
        window.clear();
        windowTokens = 0;
    }

    /// The `x-ratelimit-*` headers; empty when neither requests nor tokens are limited.
    synchronized Map<String, String> headers(Behaviour behaviour, long now) {
        Integer rpm = behaviour.rpm();
        Integer tpm = behaviour.tpm();
        if (rpm == null && tpm == null) {
            return Map.of();
        }
        expire(now);
        Admission newest = window.peekLast();
        String reset = written(newest == null ? 0 : newest.at + WINDOW - now);
        var headers = new LinkedHashMap<String, String>();
        if (rpm != null) {
            put(headers, "requests", rpm, window.size(), reset);
        }
        if (tpm != null) {
            put(headers, "tokens", tpm, windowTokens, reset);
        }
        return headers;
    }

    private static void put(
            Map<String, String> headers, String unit, int limit, long used, String reset) {
        headers.put("x-ratelimit-limit-" + unit, Integer.toString(limit));
        headers.put("x-ratelimit-remaining-" + unit, Long.toString(Math.max(0, limit - used)));
        headers.put("x-ratelimit-reset-" + unit, reset);
    }

    private static Excess excess(
            String unit, int limit, long used, int requested, Duration retryAfter) {
        return new Excess(
                unit,
                ("Rate limit reached on %s per min: Limit %d, Used %d, Requested %d. Please try"
                                + " again in %s.")
                        .formatted(unit, limit, used, requested, written(retryAfter.toNanos())),
                retryAfter);
    }

    /// The wait until fewer than `requests` are in the window (0: any number) and at most `tokens`.
    private Duration untilRoom(long now, int requests, long tokens) {
        int count = window.size();
        long sum = windowTokens;
        for (Iterator<Admission> oldest = window.iterator(); oldest.hasNext(); ) {
            Admission admission = oldest.next();
            count--;
            sum -= admission.tokens;
            if (requests > 0 ? count < requests : sum <= tokens) {
                return Duration.ofNanos(admission.at + WINDOW - now);
            }
        }
        return Duration.ofNanos(WINDOW);
    }

    private void expire(long now) {
        Admission oldest = window.peekFirst();
        while (oldest != null && now - oldest.at >= WINDOW) {
            windowTokens -= oldest.tokens;
            window.removeFirst();
            oldest = window.peekFirst();
        }
    }

    private static String written(long nanos) {
        long millis = Math.ceilDiv(nanos, 1_000_000);
        if (millis < 1_000) {
            return millis + "ms";
        }
        String seconds = Double.toString(millis % 60_000 / 1_000.0).replaceFirst("\\.0$", "") + "s";
        return millis < 60_000 ? seconds : millis / 60_000 + "m" + seconds;
    }
}
