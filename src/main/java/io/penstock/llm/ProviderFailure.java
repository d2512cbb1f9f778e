package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.core.MultiMap;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Set;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Tells from what the provider did which [Failure] it is.
///
/// Statuses and codes: OpenAI API reference, "Error codes"; 529: Anthropic API reference, "Errors".
final class ProviderFailure {

    /// A provider's `Retry-After` beyond this is taken for this.
    private static final Duration RETRY_AFTER_MAX = Duration.ofHours(24);

    private static final int MESSAGE_MAX = 500;
    private static final String REMOVED = "[removed]";

    private static final Set<String> QUOTA =
            Set.of(
                    "insufficient_quota",
                    "credit_balance_exhausted",
                    "billing_hard_limit_reached",
                    "billing_not_active",
                    "organization_spend_limit_exceeded",
                    "project_spend_limit_exceeded",
                    "organization_usage_limit_exceeded");

    private static final Set<String> FILTERED =
            Set.of("content_filter", "content_policy_violation", "moderation_blocked");

    /// What looks like a credential in a provider's message: keys with the usual prefixes, bearer
    /// tokens, and masked keys.
    private static final Pattern CREDENTIAL =
            Pattern.compile(
                    "(?i)\\b(?:sk|pk|rk|key|org|proj|gsk|hf|xai|pplx|nvapi|r8)[-_][\\w*.-]{4,}|\\bAIza[\\w-]{8,}"
                            + "|bearer\\s+\\S+|\\S*\\*{3,}\\S*");

    /// What an error code looks like; anything else in its place is not passed on.
    private static final Pattern CODE = Pattern.compile("[a-z][a-z0-9_.]{0,63}");

    /// The path of a field, such as `messages[0].content`.
    private static final Pattern PARAM = Pattern.compile("[a-z][\\w.\\[\\]]{0,127}");

    private ProviderFailure() {}

    /// The failure that an error answer means: by status, and by the error object's code and type
    /// where there is one.
    static Failure of(Exchange.Head head, @Nullable JsonNode body, Endpoint endpoint) {
        JsonNode error = body == null ? null : body.path("error");
        String code = error == null ? "" : error.path("code").asText("");
        String type = error == null ? "" : error.path("type").asText("");
        String param = error == null ? "" : error.path("param").asText("");
        int status = head.status();
        FailureKind kind = kind(status, code, type);
        return new Failure(
                kind,
                message(kind, status, error, endpoint),
                CODE.matcher(code).matches() && !code.equals(endpoint.apiKey()) ? code : null,
                retryAfter(head.headers(), Instant.now()),
                status >= 400 ? status : 0,
                PARAM.matcher(param).matches() && !param.equals(endpoint.apiKey()) ? param : null);
    }

    /// The failure of a request that got no answer.
    static Failure unreachable(Endpoint endpoint, IOException broken) {
        Throwable cause = broken.getCause() == null ? broken : broken.getCause();
        String why =
                switch (cause) {
                    case UnknownHostException _ -> "its name is unknown here";
                    case SSLException _ -> "no secure connection could be made";
                    case ConnectException _ -> "nothing answers there";
                    default -> "the connection broke before an answer came";
                };
        return Failure.of(
                FailureKind.TRANSPORT,
                "The provider at "
                        + endpoint.authority()
                        + " cannot be reached: "
                        + why
                        + ". Check the network and OPENAI_BASE_URL, then try again.");
    }

    /// The failure of an answer that stopped short.
    static Failure cut() {
        return Failure.of(
                FailureKind.TRUNCATED,
                "The provider's answer broke off before its end; try again.");
    }

    /// The failure of an answer that does not end.
    static Failure tooLong(long maxAnswer) {
        return Failure.of(
                FailureKind.LENGTH,
                "The provider's answer is longer than "
                        + maxAnswer
                        + " bytes (penstock.llm.max-answer); ask for a shorter one.");
    }

    private static FailureKind kind(int status, String code, String type) {
        if (QUOTA.contains(code) || QUOTA.contains(type) || status == 402) {
            return FailureKind.QUOTA_EXHAUSTED;
        }
        if (FILTERED.contains(code)) {
            return FailureKind.CONTENT_FILTER;
        }
        if (status < 300) {
            return kindInside(code, type);
        }
        return switch (status) {
            case 401, 403 -> FailureKind.AUTHENTICATION;
            case 408 -> FailureKind.TIMEOUT;
            case 409 -> FailureKind.SERVER;
            case 429 -> FailureKind.RATE_LIMITED;
            case 503, 529 -> FailureKind.OVERLOADED;
            // A redirect too: it means that the base URL is not the API's.
            default -> status < 500 ? FailureKind.INVALID_REQUEST : FailureKind.SERVER;
        };
    }

    /// The kind of an error object that came with status 200, whole or in a stream.
    private static FailureKind kindInside(String code, String type) {
        String both = code + " " + type;
        if (both.contains("rate_limit")) {
            return FailureKind.RATE_LIMITED;
        }
        if (both.contains("overloaded")) {
            return FailureKind.OVERLOADED;
        }
        if (both.contains("authentication") || both.contains("invalid_api_key")) {
            return FailureKind.AUTHENTICATION;
        }
        return type.equals("invalid_request_error")
                ? FailureKind.INVALID_REQUEST
                : FailureKind.SERVER;
    }

    private static String message(
            FailureKind kind, int status, @Nullable JsonNode error, Endpoint endpoint) {
        return switch (kind) {
            case RATE_LIMITED -> "The provider limits the rate of calls; try again later.";
            case OVERLOADED -> "The provider is overloaded; try again later.";
            case AUTHENTICATION ->
                    "The provider at "
                            + endpoint.authority()
                            + " refuses Penstock's key (status "
                            + status
                            + "); set OPENAI_API_KEY to a valid one.";
            case QUOTA_EXHAUSTED ->
                    "The provider account's credit or spend limit is used up; add credit or raise the"
                            + " limit, waiting does not help.";
            case INVALID_REQUEST, CONTENT_FILTER -> {
                String said = error == null ? "" : error.path("message").asText("");
                yield said.isBlank()
                        ? "The provider at "
                                + endpoint.authority()
                                + " refuses the request with status "
                                + status
                                + "; check OPENAI_BASE_URL and the model."
                        : "The provider refuses the prompt: " + scrubbed(said, endpoint.apiKey());
            }
            default -> "The provider failed with status " + status + "; try again.";
        };
    }

    /// A provider's sentence without anything like a key, and not too long.
    static String scrubbed(String message, @Nullable String apiKey) {
        // Our own key first, whatever it looks like, and before a cut could leave half of it.
        String keyless =
                apiKey == null || apiKey.isBlank() ? message : message.replace(apiKey, REMOVED);
        String scrubbed = CREDENTIAL.matcher(keyless).replaceAll(REMOVED);
        return scrubbed.length() > MESSAGE_MAX
                ? scrubbed.substring(0, MESSAGE_MAX) + "…"
                : scrubbed;
    }

    /// Reads the wait that the provider asks for: `retry-after-ms` (OpenAI, Azure), else
    /// `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3).
    ///
    /// @return null when there is none that can be read
    static @Nullable Duration retryAfter(MultiMap headers, Instant now) {
        Duration wait = millis(headers.get("retry-after-ms"), 1);
        if (wait == null) {
            String retryAfter = headers.get("retry-after");
            wait = millis(retryAfter, 1000);
            if (wait == null && retryAfter != null) {
                wait = untilDate(retryAfter.trim(), now);
            }
        }
        if (wait == null || wait.isNegative()) {
            return null;
        }
        return wait.compareTo(RETRY_AFTER_MAX) > 0 ? RETRY_AFTER_MAX : wait;
    }

    private static @Nullable Duration millis(@Nullable String number, int unit) {
        if (number == null) {
            return null;
        }
        try {
            double value = Double.parseDouble(number.trim()) * unit;
            return Double.isFinite(value) && value >= 0
                    ? Duration.ofMillis((long) Math.ceil(Math.min(value, Integer.MAX_VALUE)))
                    : null;
        } catch (NumberFormatException notANumber) {
            return null;
        }
    }

    private static @Nullable Duration untilDate(String date, Instant now) {
        try {
            Duration wait =
                    Duration.between(
                            now,
                            ZonedDateTime.parse(date, DateTimeFormatter.RFC_1123_DATE_TIME)
                                    .toInstant());
            return wait.isNegative() ? Duration.ZERO : wait;
        } catch (DateTimeParseException notADate) {
            return null;
        }
    }
}
