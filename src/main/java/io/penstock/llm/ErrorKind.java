package io.penstock.llm;

import io.vertx.core.MultiMap;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Judges a provider's error by its number, its code and its words: what would help.
///
/// Statuses and codes: OpenAI API reference, "Error codes"; 529: Anthropic API reference, "Errors";
/// words in capitals: Google APIs, "google.rpc.Code"; the others are those of compatible servers.
///
/// A 403 is for one prompt or one model more often than for all: OpenRouter's moderation ("Errors
/// and Debugging": 403, "your input was flagged"), OpenAI's `model_not_found` for a model that a
/// project may not use, Bedrock's `AccessDeniedException`, firewalls that dislike a text. It is
/// taken for the key's fault only with a word that says so: those of [#KEY_REFUSED], among them
/// OpenAI's for a region ("Error codes", 403), Anthropic's `permission_error` ("Errors") and
/// Google's PERMISSION_DENIED.
final class ErrorKind {

    private static final Set<String> QUOTA =
            Set.of(
                    "insufficient_quota",
                    "credit_balance_exhausted",
                    "billing_hard_limit_reached",
                    "billing_not_active",
                    "organization_spend_limit_exceeded",
                    "project_spend_limit_exceeded",
                    "organization_usage_limit_exceeded",
                    "exceeded_current_quota_error",
                    "insufficient_balance",
                    "insufficient_credits",
                    "insufficient_funds",
                    "insufficient_user_quota",
                    "payment_required",
                    "out_of_credits",
                    "no_credits",
                    "credits_exhausted",
                    "billing_error",
                    "arrearage",
                    "accountoverdueerror");

    /// No credit in the words of a sentence, where the code says nothing of it.
    private static final Pattern NO_CREDIT =
            Pattern.compile(
                    "credit balance is too low|insufficient (?:account )?(?:balance|credits?|funds)"
                            + "|(?:please|need to) (?:recharge|top up)|(?:out of|no|not enough) credits?\\b"
                            + "|balance is not enough|billing (?:hard )?limit");

    private static final Set<String> FILTERED =
            Set.of(
                    "content_filter",
                    "content_policy_violation",
                    "moderation_blocked",
                    "content_moderation",
                    "data_inspection_failed",
                    "datainspectionfailed",
                    "responsibleaipolicyviolation",
                    "sensitive_words_detected",
                    "content_blocked");

    private static final List<String> KEY_REFUSED =
            List.of(
                    "authentication",
                    "invalid_api_key",
                    "incorrect_api_key",
                    "api_key_invalid",
                    "unauthenticated",
                    "permission_denied",
                    "permission_error",
                    "unsupported_country_region_territory",
                    "ip_not_authorized",
                    "account_deactivated",
                    "invalid_organization");

    /// Types that say no more than that there is an error.
    private static final Set<String> MERE = Set.of("error", "failed", "failure", "exception");

    private static final Pattern RATE =
            Pattern.compile("rate.?limit|too many requests|requests? per (?:second|minute)");

    private static final Pattern OVERLOAD =
            Pattern.compile("overload|\\bbusy\\b|capacity|unavailable");

    private static final Pattern KEY =
            Pattern.compile("(?:invalid|incorrect|missing|no) (?:api.?key|token)|unauthorized");

    /// What is said of trouble that another attempt may not meet.
    private static final Pattern PASSING =
            Pattern.compile(
                    "time.?out|timed out|try(?:ing)? again|retry|tempora|internal|server error|upstream"
                            + "|network|connect|stream(?!_options)|reset|closed|\\beof\\b|loading|crash|unexpected error");

    private ErrorKind() {}

    /// @param status the error's own number, else that of the answer that it came with; 0 for
    ///   neither
    static FailureKind of(int status, @Nullable ProviderError error, MultiMap headers) {
        String code = error == null ? "" : error.code().toLowerCase(Locale.ROOT);
        String type = error == null ? "" : error.type().toLowerCase(Locale.ROOT);
        if (status == 402
                || QUOTA.contains(code)
                || QUOTA.contains(type)
                || (error != null && saysNoCredit(status, error, headers))) {
            return FailureKind.QUOTA_EXHAUSTED;
        }
        if (FILTERED.contains(code)
                || FILTERED.contains(type)
                || (error != null && error.isFlagged())) {
            return FailureKind.CONTENT_FILTER;
        }
        if (status == 429 && error != null && error.isTooLargeForItsLimit()) {
            return FailureKind.INVALID_REQUEST;
        }
        return switch (status) {
            case 0 -> kindInside(code + " " + type, error);
            case 400, 403 ->
                    isKeyRefused(code + " " + type + " " + reason(error))
                            ? FailureKind.AUTHENTICATION
                            : FailureKind.INVALID_REQUEST;
            case 401 -> FailureKind.AUTHENTICATION;
            case 408 -> FailureKind.TIMEOUT;
            case 409 -> FailureKind.SERVER;
            case 429 -> FailureKind.RATE_LIMITED;
            case 503, 529 -> FailureKind.OVERLOADED;
            // A redirect too: it means that the base URL is not the API's.
            default -> status < 500 ? FailureKind.INVALID_REQUEST : FailureKind.SERVER;
        };
    }

    /// Where a wait is told with it, a quota comes back by itself: Google's free ones have the same
    /// words as OpenAI's spent credit.
    private static boolean saysNoCredit(int status, ProviderError error, MultiMap headers) {
        return status < 500
                && NO_CREDIT.matcher(error.sentence().toLowerCase(Locale.ROOT)).find()
                && RetryAfter.of(headers, error.json(), Instant.now()) == null;
    }

    /// The kind of an error that has no number: by its code and type, else by its sentence. One
    /// that does not sound as if it passed would be said of the next request too, and be paid for.
    private static FailureKind kindInside(String codes, @Nullable ProviderError error) {
        String words = codes.strip();
        String sentence = error == null ? "" : error.sentence().toLowerCase(Locale.ROOT);
        boolean isSentence = !sentence.isBlank() && (words.isEmpty() || MERE.contains(words));
        if (words.contains("rate_limit")
                || words.contains("resource_exhausted")
                || (isSentence && RATE.matcher(sentence).find())) {
            return FailureKind.RATE_LIMITED;
        }
        if (words.contains("overloaded")
                || words.contains("unavailable")
                || (isSentence && OVERLOAD.matcher(sentence).find())) {
            return FailureKind.OVERLOADED;
        }
        if (isKeyRefused(words) || (isSentence && KEY.matcher(sentence).find())) {
            return FailureKind.AUTHENTICATION;
        }
        if (isSentence && !PASSING.matcher(sentence).find()) {
            return FailureKind.UNEXPECTED_ANSWER;
        }
        return words.contains("invalid_request")
                        || words.contains("badrequest")
                        || words.contains("bad_request")
                        || words.contains("invalid_argument")
                        || words.contains("context_length")
                ? FailureKind.INVALID_REQUEST
                : FailureKind.SERVER;
    }

    private static boolean isKeyRefused(String words) {
        return KEY_REFUSED.stream().anyMatch(words::contains);
    }

    /// Google's `"details":[{"reason":"API_KEY_INVALID"}]`.
    private static String reason(@Nullable ProviderError error) {
        return error == null
                ? ""
                : error.json()
                        .path("details")
                        .path(0)
                        .path("reason")
                        .asText()
                        .toLowerCase(Locale.ROOT);
    }
}
