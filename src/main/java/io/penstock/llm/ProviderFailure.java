package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.core.MultiMap;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Tells from an error of the provider's which [Failure] it is.
///
/// Statuses and codes: OpenAI API reference, "Error codes"; 529: Anthropic API reference, "Errors";
/// words in capitals: Google APIs, "google.rpc.Code"; the others are those of compatible servers.
final class ProviderFailure {

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
                    "permission_denied");

    /// What looks like a credential in a provider's message: keys with the usual prefixes, bearer
    /// tokens, and masked keys.
    private static final Pattern CREDENTIAL =
            Pattern.compile(
                    "(?i)\\b(?:sk|pk|rk|key|org|proj|gsk|hf|xai|pplx|nvapi|r8)[-_][\\w*.-]{4,}|\\bAIza[\\w-]{8,}"
                            + "|(?:bearer|basic)\\s+\\S+|\\S*\\*{3,}\\S*");

    /// What an error code looks like; anything else in its place is not passed on.
    private static final Pattern CODE = Pattern.compile("[a-z][a-z0-9_.]{0,63}");

    /// The path of a field, such as `messages[0].content`.
    private static final Pattern PARAM = Pattern.compile("[a-z][\\w.\\[\\]]{0,127}");

    private ProviderFailure() {}

    /// The failure that an answer with an error's status means.
    ///
    /// @param body as it came, as far as it came
    static Failure of(Exchange.Head head, byte[] body, Endpoint endpoint) {
        String text = ProviderJson.decoded(body);
        ProviderError error = text == null ? null : ProviderError.in(read(text));
        return failure(head, error, head.status(), endpoint);
    }

    /// The failure that an error inside of an answer means, in a stream or with status 200: its own
    /// number and code decide.
    static Failure inside(Exchange.Head head, @Nullable ProviderError error, Endpoint endpoint) {
        return failure(head, error, error == null ? 0 : error.status(), endpoint);
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

    /// The failure of an answer that is something else than JSON or events of JSON.
    static Failure notJson() {
        return Failure.of(
                FailureKind.TRUNCATED,
                "The provider's answer is not the JSON it should be; try again, or check"
                        + " OPENAI_BASE_URL if it happens every time.");
    }

    /// The failure of an answer that is a web page.
    static Failure page(Endpoint endpoint) {
        return Failure.of(
                FailureKind.TRUNCATED,
                "The provider at "
                        + endpoint.authority()
                        + " answers with a web page in place of JSON; try again, or check OPENAI_BASE_URL"
                        + " if it happens every time.");
    }

    /// The failure of an answer in a coding that was not asked for.
    static Failure unknownEncoding(String encoding) {
        String name = encoding.length() > 32 ? encoding.substring(0, 32) : encoding;
        return Failure.of(
                FailureKind.UNEXPECTED_ANSWER,
                "The provider's answer is compressed in a way that Penstock does not read"
                        + " (content-encoding: "
                        + name.replaceAll("[^\\w.,; -]", "?")
                        + "); let it or the proxy before it send answers as they are.");
    }

    private static Failure failure(
            Exchange.Head head, @Nullable ProviderError error, int status, Endpoint endpoint) {
        FailureKind kind = kind(status, error, head.headers());
        String code = error == null ? "" : error.code();
        String param = error == null ? "" : error.param();
        return new Failure(
                kind,
                message(kind, status, error, endpoint),
                isFit(CODE, code, endpoint) ? code : null,
                RetryAfter.of(head.headers(), error == null ? null : error.json(), Instant.now()),
                status >= 400 ? status : 0,
                isFit(PARAM, param, endpoint) ? param : null,
                head.requestId());
    }

    private static boolean isFit(Pattern form, String word, Endpoint endpoint) {
        return form.matcher(word).matches() && !word.equals(endpoint.apiKey());
    }

    private static FailureKind kind(int status, @Nullable ProviderError error, MultiMap headers) {
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
            case 0 -> kindInside(code + " " + type);
            case 400 ->
                    isKeyRefused(code + " " + type + " " + reason(error))
                            ? FailureKind.AUTHENTICATION
                            : FailureKind.INVALID_REQUEST;
            case 401, 403 -> FailureKind.AUTHENTICATION;
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

    /// The kind of an error that has no number.
    private static FailureKind kindInside(String words) {
        if (words.contains("rate_limit") || words.contains("resource_exhausted")) {
            return FailureKind.RATE_LIMITED;
        }
        if (words.contains("overloaded") || words.contains("unavailable")) {
            return FailureKind.OVERLOADED;
        }
        if (isKeyRefused(words)) {
            return FailureKind.AUTHENTICATION;
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

    private static String message(
            FailureKind kind, int status, @Nullable ProviderError error, Endpoint endpoint) {
        return switch (kind) {
            case RATE_LIMITED -> "The provider limits the rate of calls; try again later.";
            case OVERLOADED -> "The provider is overloaded; try again later.";
            case AUTHENTICATION ->
                    "The provider at "
                            + endpoint.authority()
                            + " refuses Penstock's key"
                            + (status == 0 ? "" : " (status " + status + ")")
                            + "; set OPENAI_API_KEY to a valid one.";
            case QUOTA_EXHAUSTED ->
                    "The provider account's credit or spend limit is used up; add credit or raise the"
                            + " limit, waiting does not help.";
            case INVALID_REQUEST, CONTENT_FILTER -> {
                String said = error == null ? "" : error.sentence();
                yield said.isBlank()
                        ? "The provider at "
                                + endpoint.authority()
                                + " refuses the request with status "
                                + status
                                + "; check OPENAI_BASE_URL and the model."
                        : "The provider refuses the prompt: " + scrubbed(said, endpoint.apiKey());
            }
            default ->
                    status == 0
                            ? "The provider failed while it answered; try again."
                            : "The provider failed with status " + status + "; try again.";
        };
    }

    /// A provider's sentence without anything like a key, and not too long.
    static String scrubbed(String message, @Nullable String apiKey) {
        // Our own key first, whatever it looks like, and before a cut could leave half of it.
        String keyless =
                apiKey == null || apiKey.isBlank() ? message : message.replace(apiKey, REMOVED);
        String scrubbed = CREDENTIAL.matcher(keyless).replaceAll(REMOVED);
        // After the cut, which may leave half of a surrogate pair as the provider may send one.
        return SurrogatePairs.whole(
                scrubbed.length() > MESSAGE_MAX
                        ? scrubbed.substring(0, MESSAGE_MAX) + "…"
                        : scrubbed);
    }

    /// The first value of a body in JSON; a body that is one sentence and no page is a text.
    private static @Nullable JsonNode read(String body) {
        String text = (body.startsWith("\uFEFF") ? body.substring(1) : body).strip();
        if (text.isEmpty() || text.startsWith("<")) {
            return null;
        }
        if ("{[\"".indexOf(text.charAt(0)) >= 0) {
            List<ProviderJson.Value> values = ProviderJson.values(text).list();
            return values.isEmpty() ? null : values.getFirst().node();
        }
        return ProviderJson.JSON.getNodeFactory().textNode(text);
    }
}
