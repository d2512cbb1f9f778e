package io.penstock.llm;

import io.penstock.flow.Rates;
import io.vertx.core.MultiMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The provider's limits as its headers tell them: `x-ratelimit-*` (OpenAI API reference, "Rate
/// limits", and many compatible servers) and `anthropic-ratelimit-*` (Anthropic API reference,
/// "Rate limits").
final class RateHeaders {

    private RateHeaders() {}

    static Rates read(MultiMap headers) {
        boolean openAi = headers.contains("x-ratelimit-limit-requests");
        if (openAi || headers.contains("x-ratelimit-limit-tokens")) {
            return new Rates(
                    number(headers, "x-ratelimit-limit-requests"),
                    number(headers, "x-ratelimit-remaining-requests"),
                    number(headers, "x-ratelimit-limit-tokens"),
                    number(headers, "x-ratelimit-remaining-tokens"));
        }
        if (headers.contains("anthropic-ratelimit-requests-limit")) {
            return new Rates(
                    number(headers, "anthropic-ratelimit-requests-limit"),
                    number(headers, "anthropic-ratelimit-requests-remaining"),
                    number(headers, "anthropic-ratelimit-tokens-limit"),
                    number(headers, "anthropic-ratelimit-tokens-remaining"));
        }
        return Rates.UNKNOWN;
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
            headers.put("x-ratelimit-limit-" + unit, limit.toString());
            headers.put("x-ratelimit-remaining-" + unit, Long.toString(bounded));
            headers.put("x-ratelimit-reset-" + unit, (limit - bounded) * 60_000 / limit + "ms");
        }
    }

    /// @return null for what is no number, or is below zero, as some servers write for unknown
    private static @Nullable Long number(MultiMap headers, String name) {
        String value = headers.get(name);
        if (value == null) {
            return null;
        }
        try {
            long number = Long.parseLong(value.trim());
            return number < 0 ? null : number;
        } catch (NumberFormatException notANumber) {
            return null;
        }
    }
}
