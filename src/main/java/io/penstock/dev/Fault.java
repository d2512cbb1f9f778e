package io.penstock.dev;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// One way of answering wrongly, on purpose. On the wire the names are in lower case.
///
/// A fault with a status is an answer of that status in OpenAI's error shape; those without one
/// change a 200 or break the connection. A fault that needs a stream acts as [#RESET_BODY] on a
/// request for JSON.
public enum Fault {
    /// Well-behaved.
    NONE,
    RATE_LIMIT(
            429, "requests", "rate_limit_exceeded", "Rate limit reached. Please try again later."),
    QUOTA(
            429,
            "insufficient_quota",
            "insufficient_quota",
            "You exceeded your current quota, please check your plan and billing details."),
    BAD_REQUEST(400, "invalid_request_error", null, "The request is not valid."),
    CONTEXT_LENGTH(
            400,
            "invalid_request_error",
            "context_length_exceeded",
            "This model's maximum context length is 128000 tokens. Please reduce the length of the"
                    + " messages."),
    UNAUTHORIZED(401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    FORBIDDEN(
            403,
            "request_forbidden",
            "unsupported_country_region_territory",
            "Country, region, or territory not supported"),
    /// 403 for one prompt, as OpenRouter's moderation says it, with the reasons.
    FLAGGED(
            403,
            "moderation",
            "403",
            "Your chosen model requires moderation and your input was flagged for \"violence\"."),
    /// 403 for one model, as OpenAI says it.
    MODEL_FORBIDDEN(
            403,
            "invalid_request_error",
            "model_not_found",
            "Project `proj_simulated` does not have access to the model."),
    /// 403 with an HTML body, as a firewall sends it that dislikes the prompt.
    FIREWALL(403, "", null, ""),
    /// 404 with a text, as a server sends it that has no such path.
    NO_ROUTE(404, "", null, "404 page not found"),
    /// 307 to another path, which is answered.
    REDIRECT(307, "", null, ""),
    NOT_FOUND(
            404,
            "invalid_request_error",
            "model_not_found",
            "The model does not exist or you do not have access to it."),
    CONFLICT(409, "conflict_error", null, "The request conflicts with another one."),
    TOO_LARGE(413, "invalid_request_error", "request_too_large", "The request is too large."),
    UNPROCESSABLE(422, "invalid_request_error", null, "The request could not be processed."),
    CONTENT_POLICY(
            400,
            "invalid_request_error",
            "content_policy_violation",
            "Your request was rejected as a result of our safety system."),
    SERVER_ERROR(
            500,
            "server_error",
            null,
            "The server had an error while processing your request. Sorry about that!"),
    /// 502 with an HTML body, as a proxy between sends it.
    BAD_GATEWAY(502, "server_error", null, "Bad gateway."),
    /// 429 for a prompt that no wait makes small enough.
    ABOVE_LIMIT(
            429,
            "tokens",
            "rate_limit_exceeded",
            "Request too large for simulated in organization org-simulated on tokens per min (TPM):"
                    + " Limit 30000, Requested 45000. The input or output tokens must be reduced in order"
                    + " to run successfully."),
    UNAVAILABLE(
            503,
            "server_error",
            "server_is_overloaded",
            "The server is currently overloaded. Please try again later."),
    GATEWAY_TIMEOUT(504, "server_error", null, "The upstream did not answer in time."),
    OVERLOADED(529, "overloaded_error", "overloaded_error", "Overloaded"),

    /// TCP reset before any byte of the answer.
    RESET,
    /// TCP reset in the middle of the body, or after the first deltas.
    RESET_BODY,
    /// Orderly end of the connection in the middle of the body.
    CLOSE_BODY,
    /// Accepts the request and never answers.
    HANG,
    /// Answers well, but `stall` later than others.
    STALL,
    /// Head and half the body, then silence.
    HANG_BODY,
    /// One byte of the body per `drip_delay`.
    DRIP,

    /// Whole by Content-Length, but the JSON stops half-way; a stream gets [#MALFORMED_EVENT].
    TRUNCATED_JSON,
    /// 200 with `text/html`.
    HTML,
    EMPTY_CHOICES,
    /// 200 whose JSON body is an error.
    ERROR_OBJECT,
    NULL_CONTENT,
    REFUSAL,
    LENGTH,
    CONTENT_FILTER,
    NO_FINISH_REASON,
    /// Whole JSON that is none of what `response_format` asks for.
    MISFIT,

    /// Stream: the role delta, then the orderly end of the body.
    CUT_BEFORE_FIRST,
    /// Stream: two deltas, then the orderly end of the body.
    CUT_AFTER_FIRST,
    /// Stream: two deltas, an event with an error, then the end of the body.
    ERROR_EVENT,
    /// Stream: everything but `[DONE]`.
    NO_DONE,
    /// Stream: two deltas, an event of broken JSON, then the end of the body.
    MALFORMED_EVENT;

    private final int status;
    private final String type;
    private final @Nullable String code;
    private final String message;

    Fault() {
        this(200, "server_error", null, "The server had an error while processing your request.");
    }

    Fault(int status, String type, @Nullable String code, String message) {
        this.status = status;
        this.type = type;
        this.code = code;
        this.message = message;
    }

    /// The name in markers, JSON and the log.
    @JsonValue
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// The fault of that name on the wire.
    static Fault named(String name) {
        for (Fault fault : values()) {
            if (fault.wireName().equals(name)) {
                return fault;
            }
        }
        throw new IllegalArgumentException("'" + name + "' is no fault.");
    }

    int status() {
        return status;
    }

    String type() {
        return type;
    }

    @Nullable String code() {
        return code;
    }

    String message() {
        return message;
    }

    /// The answer is right all the same.
    boolean harmless() {
        return this == NONE || this == STALL;
    }

    boolean streamOnly() {
        return switch (this) {
            case CUT_BEFORE_FIRST, CUT_AFTER_FIRST, ERROR_EVENT, NO_DONE, MALFORMED_EVENT -> true;
            default -> false;
        };
    }
}
