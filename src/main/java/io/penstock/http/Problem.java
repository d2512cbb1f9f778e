package io.penstock.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// An error as a caller sees it, at any door: a status and OpenAI's body
/// `{"error":{"message","type","param","code"}}`.
///
/// @param retryAfter when the same request makes sense again, if that is known
/// @param isFinal whether the same request again is of no use, which `x-should-retry: false` tells
///   OpenAI's SDKs
/// @param reached null where it is not that of a pipeline
/// @param raw the answer of a task's model that does not fit
record Problem(
        int status,
        String type,
        @Nullable String param,
        @Nullable String code,
        String message,
        @Nullable Duration retryAfter,
        boolean isFinal,
        @Nullable Reached reached,
        @Nullable String raw) {

    static final String INVALID_REQUEST = "invalid_request_error";

    /// OpenAI's SDKs do not retry at all when they are told to wait longer than this.
    static final Duration RETRY_AFTER_MAX = Duration.ofSeconds(120);

    Problem(
            int status,
            String type,
            @Nullable String param,
            @Nullable String code,
            String message,
            @Nullable Duration retryAfter,
            boolean isFinal,
            @Nullable Reached reached) {
        this(status, type, param, code, message, retryAfter, isFinal, reached, null);
    }

    /// How far a pipeline came.
    record Reached(String stage, ArrayNode stages) {}

    /// A field, or the body as a whole when `param` is null, that the caller has to change.
    static Problem invalid(@Nullable String param, String code, String message) {
        return new Problem(400, INVALID_REQUEST, param, code, message, null, true, null);
    }

    /// What a reader of the request found wrong.
    static Problem of(InvalidRequest invalid) {
        return invalid(invalid.param(), invalid.code(), invalid.text());
    }

    /// Any other refusal of a request for what it is.
    static Problem refused(int status, String code, String message) {
        return new Problem(status, INVALID_REQUEST, null, code, message, null, true, null);
    }

    /// What was asked for is not there.
    static Problem notFound(String message) {
        return refused(404, "not_found", message);
    }

    /// There is no room for the request now.
    static Problem busy(String message) {
        return new Problem(
                429,
                "rate_limit_error",
                null,
                "rejected",
                message,
                Duration.ofSeconds(1),
                false,
                null);
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
                false,
                null);
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
                false,
                null);
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
                message,
                retryAfter,
                isFinal,
                new Reached(stage, stages));
    }

    /// The same with the answer that is none of those that were asked for.
    Problem about(@Nullable String unfit) {
        return new Problem(status, type, param, code, message, retryAfter, isFinal, reached, unfit);
    }

    /// To be thrown.
    ProblemException exception() {
        return new ProblemException(this);
    }

    /// Whole seconds for `Retry-After`, rounded up so that nobody comes too early; null for none.
    @Nullable Long retryAfterSeconds() {
        if (retryAfter == null) {
            return null;
        }
        return retryAfter.compareTo(RETRY_AFTER_MAX) >= 0
                ? RETRY_AFTER_MAX.toSeconds()
                : Math.max(1, retryAfter.plusMillis(999).toSeconds());
    }

    ObjectNode toJson() {
        ObjectNode body = Fields.JSON.createObjectNode();
        body.putObject("error")
                .put("message", message)
                .put("type", type)
                .put("param", param)
                .put("code", code);
        if (reached != null) {
            body.put("stage", reached.stage).set("stages", reached.stages);
        }
        if (raw != null) {
            body.put("raw", raw);
        }
        return body;
    }
}
