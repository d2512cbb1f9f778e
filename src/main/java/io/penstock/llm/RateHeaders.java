package io.penstock.llm;

import io.penstock.flow.Rates;
import io.vertx.core.MultiMap;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The provider's limits as its headers tell them: `x-ratelimit-*` (OpenAI API reference, "Rate
/// limits", and many compatible servers) and `anthropic-ratelimit-*` (Anthropic API reference,
/// "Rate limits").
final class RateHeaders {

    private static final double NUMBER_MAX = 1e12;

    private record Names(
            String requestLimit,
            String requestsLeft,
            String requestReset,
            String tokenLimit,
            String tokensLeft,
            String tokenReset) {}

    private static final Names OPENAI =
            new Names(
                    "x-ratelimit-limit-requests",
                    "x-ratelimit-remaining-requests",
                    "x-ratelimit-reset-requests",
                    "x-ratelimit-limit-tokens",
                    "x-ratelimit-remaining-tokens",
                    "x-ratelimit-reset-tokens");

    private static final Names ANTHROPIC =
            new Names(
                    "anthropic-ratelimit-requests-limit",
                    "anthropic-ratelimit-requests-remaining",
                    "anthropic-ratelimit-requests-reset",
                    "anthropic-ratelimit-tokens-limit",
                    "anthropic-ratelimit-tokens-remaining",
                    "anthropic-ratelimit-tokens-reset");

    private RateHeaders() {}

    /// @param now what a reset that is told as a date is counted from
    static Rates read(MultiMap headers, Instant now) {
        boolean openAi =
                headers.contains(OPENAI.requestLimit) || headers.contains(OPENAI.tokenLimit);
        Names names = openAi ? OPENAI : ANTHROPIC;
        Long requestLimit = limit(headers, names.requestLimit);
        Long tokenLimit = limit(headers, names.tokenLimit);
        return requestLimit == null && tokenLimit == null
                ? Rates.UNKNOWN
                : new Rates(
                        requestLimit,
                        left(headers, names.requestsLeft, requestLimit),
                        RetryAfter.header(headers.get(names.requestReset), now),
                        tokenLimit,
                        left(headers, names.tokensLeft, tokenLimit),
                        RetryAfter.header(headers.get(names.tokenReset), now));
    }

    /// What a caller is told: of each limit how much there is, how much is left, and how long it
    /// takes until all is there again.
    static Map<String, String> write(Rates rates) {
        Map<String, String> headers = new LinkedHashMap<>();
        write(headers, "requests", rates.requestLimit(), rates.requestsLeft());
        write(headers, "tokens", rates.tokenLimit(), rates.tokensLeft());
        return headers;
    }

    private static void write(
            Map<String, String> headers, String unit, @Nullable Long limit, @Nullable Long left) {
        if (limit != null && left != null) {
            long bounded = Math.clamp(left, 0, limit);
            // As a double, since a product of two limits may be more than a long holds.
            long reset = (long) ((double) (limit - bounded) * 60_000 / limit);
            headers.put("x-ratelimit-limit-" + unit, limit.toString());
            headers.put("x-ratelimit-remaining-" + unit, Long.toString(bounded));
            headers.put("x-ratelimit-reset-" + unit, reset + "ms");
        }
    }

    /// @return null for what cannot be a limit: Azure writes 0 and -1 for unknown
    private static @Nullable Long limit(MultiMap headers, String name) {
        Long number = number(headers, name);
        return number == null || number == 0 ? null : number;
    }

    private static @Nullable Long left(MultiMap headers, String name, @Nullable Long limit) {
        return limit == null ? null : number(headers, name);
    }

    /// @return null for what is no number, is below zero, as some servers write for unknown, or is
    ///   more than any provider allows
    private static @Nullable Long number(MultiMap headers, String name) {
        String value = headers.get(name);
        if (value == null) {
            return null;
        }
        try {
            double number = Double.parseDouble(value.trim());
            return number >= 0 && number <= NUMBER_MAX ? (Long) (long) number : null;
        } catch (NumberFormatException notANumber) {
            return null;
        }
    }
}
