package io.penstock.dev;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/// A request that is not answered because it is wrong. Carries no stack trace: it is an answer, not
/// a defect.
final class Refusal extends Exception {
    private static final long serialVersionUID = 1;

    private final int status;
    private final @Nullable String param;
    private final @Nullable String code;

    Refusal(int status, @Nullable String param, @Nullable String code, String message) {
        super(message, null, false, false);
        this.status = status;
        this.param = param;
        this.code = code;
    }

    int status() {
        return status;
    }

    ObjectNode body() {
        return WireJson.error(String.valueOf(getMessage()), "invalid_request_error", param, code);
    }
}
