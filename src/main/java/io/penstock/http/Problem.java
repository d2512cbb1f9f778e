package io.penstock.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import io.penstock.llm.Failure;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// An error as a caller sees it, at any door: a status and OpenAI's body
/// `{"error":{"message","type","param","code"}}`.
///
/// Has no stack trace: it is an answer.
final class Problem extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private static final String INVALID_REQUEST = "invalid_request_error";

    private final int status;
    private final String type;
    private final @Nullable String param;
    private final @Nullable String code;
    private final transient @Nullable Duration retryAfter;
    private final boolean retryUseless;
    private final transient @Nullable Reached reached;

    /// How far a pipeline came.
    private record Reached(String stage, ArrayNode stages) {}

    private Problem(
            int status,
            String type,
            @Nullable String param,
            @Nullable String code,
            String message,
            @Nullable Duration retryAfter,
            boolean retryUseless) {
        this(status, type, param, code, message, retryAfter, retryUseless, null);
    }

    private Problem(
            int status,
            String type,
            @Nullable String param,
            @Nullable String code,
            @Nullable String message,
            @Nullable Duration retryAfter,
            boolean retryUseless,
            @Nullable Reached reached) {
        super(message, null, false, false);
        this.status = status;
        this.type = type;
        this.param = param;
        this.code = code;
        this.retryAfter = retryAfter;
        this.retryUseless = retryUseless;
        this.reached = reached;
    }

    /// A field, or the body as a whole when `param` is null, that the caller has to change.
    static Problem invalid(@Nullable String param, String code, String message) {
        return new Problem(400, INVALID_REQUEST, param, code, message, null, true);
    }

    /// What a reader of the request found wrong.
    static Problem of(InvalidRequest invalid) {
        return invalid(invalid.param(), invalid.code(), invalid.text());
    }

    /// Any other refusal of a request for what it is.
    static Problem refused(int status, String code, String message) {
        return new Problem(status, INVALID_REQUEST, null, code, message, null, true);
    }

    /// There is no room for the request now.
    static Problem busy(String message) {
        return new Problem(
                429, "rate_limit_error", null, "rejected", message, Duration.ofSeconds(1), false);
    }

    /// The store does not answer.
    static Problem storeUnavailable() {
        return new Problem(
                503,
                "server_error",
                null,
                "store_unavailable",
                "Penstock's store cannot be reached or its disk is full; nothing that was acknowledged is"
                        + " lost. Make room or wait until it is back, then try again; the log says"
                        + " which.",
                Duration.ofSeconds(5),
                false);
    }

    /// Something that should not happen; the log has the rest.
    static Problem internal() {
        return new Problem(
                500,
                "server_error",
                null,
                "internal_error",
                "Penstock failed on this request; its log says why.",
                null,
                false);
    }

    /// What a caller sees of a call without an answer.
    static Problem of(Failure failure) {
        String code = failure.kind().code();
        return switch (failure.kind()) {
            case INVALID_REQUEST, CONTENT_FILTER ->
                    new Problem(
                            400,
                            INVALID_REQUEST,
                            null,
                            failure.providerCode() != null ? failure.providerCode() : code,
                            failure.message(),
                            null,
                            true);
            case RATE_LIMITED, REJECTED ->
                    new Problem(
                            429,
                            "rate_limit_error",
                            null,
                            code,
                            failure.message(),
                            failure.retryAfter() != null
                                    ? failure.retryAfter()
                                    : Duration.ofSeconds(1),
                            false);
            case QUOTA_EXHAUSTED ->
                    new Problem(
                            429,
                            "insufficient_quota",
                            null,
                            code,
                            failure.message(),
                            RETRY_AFTER_MAX,
                            true);
            case AUTHENTICATION -> upstream(502, "provider_authentication", failure, true);
            case LENGTH -> upstream(502, code, failure, true);
            case OVERLOADED, SERVER, TRANSPORT, TIMEOUT, TRUNCATED, UNEXPECTED_ANSWER ->
                    upstream(502, code, failure, false);
            case DEADLINE_EXCEEDED -> upstream(504, code, failure, false);
            case CANCELLED -> upstream(499, code, failure, true);
        };
    }

    /// The same with how far a pipeline came before it.
    ///
    /// @param stage that failed
    /// @param stages that are finished
    Problem in(String stage, ArrayNode stages) {
        return new Problem(
                status,
                type,
                param,
                code,
                getMessage(),
                retryAfter,
                retryUseless,
                new Reached(stage, stages));
    }

    /// OpenAI's SDKs do not retry at all when they are told to wait longer than this.
    private static final Duration RETRY_AFTER_MAX = Duration.ofSeconds(120);

    /// What a caller of the OpenAI API sees of a call without an answer: OpenAI's own statuses and
    /// codes where it has some for it (API reference, "Error codes").
    static Problem openAi(Failure failure) {
        Problem ours = of(failure);
        return switch (failure.kind()) {
            case INVALID_REQUEST ->
                    new Problem(
                            failure.status() == 0 ? 400 : failure.status(),
                            INVALID_REQUEST,
                            failure.param(),
                            failure.providerCode(),
                            failure.message(),
                            null,
                            true);
            case RATE_LIMITED, REJECTED -> ours.as(429, "rate_limit_error", "rate_limit_exceeded");
            case QUOTA_EXHAUSTED -> ours.as(429, "insufficient_quota", "insufficient_quota");
            case OVERLOADED -> ours.as(503, "server_error", "server_is_overloaded");
            default -> ours;
        };
    }

    private Problem as(int otherStatus, String otherType, String otherCode) {
        return new Problem(
                otherStatus,
                otherType,
                param,
                otherCode,
                String.valueOf(getMessage()),
                retryAfter,
                retryUseless);
    }

    private static Problem upstream(
            int status, String code, Failure failure, boolean retryUseless) {
        return new Problem(
                status,
                "provider_error",
                null,
                code,
                failure.message(),
                failure.retryAfter(),
                retryUseless);
    }

    int status() {
        return status;
    }

    /// Whole seconds for `Retry-After`, rounded up so that nobody comes too early; null for none.
    @Nullable Long retryAfterSeconds() {
        return retryAfter == null
                ? null
                : Math.min(
                        RETRY_AFTER_MAX.toSeconds(),
                        Math.max(1, retryAfter.plusMillis(999).toSeconds()));
    }

    /// Whether the same request again is sure to fail, which `x-should-retry: false` tells OpenAI's
    /// SDKs.
    boolean retryUseless() {
        return retryUseless;
    }

    ObjectNode toJson() {
        ObjectNode body = Fields.JSON.createObjectNode();
        body.putObject("error")
                .put("message", getMessage())
                .put("type", type)
                .put("param", param)
                .put("code", code);
        if (reached != null) {
            body.put("stage", reached.stage).set("stages", reached.stages);
        }
        return body;
    }
}
