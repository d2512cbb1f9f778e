package io.penstock.http;

import io.penstock.json.InvalidRequest;
import jakarta.ws.rs.core.HttpHeaders;
import org.jspecify.annotations.Nullable;

/// The header `Idempotency-Key`, by which the same request again gives the same batch.
final class IdempotencyKey {

    private static final int KEY_MAX = 255;

    private IdempotencyKey() {}

    /// @return null when there is none
    static @Nullable String of(HttpHeaders headers) {
        String key = headers.getHeaderString("idempotency-key");
        if (key != null && (key.isBlank() || key.length() > KEY_MAX)) {
            throw InvalidRequest.of(
                    "Idempotency-Key",
                    "out_of_range",
                    "Idempotency-Key must have from 1 to " + KEY_MAX + " characters.");
        }
        return key;
    }

    /// The key came with another request before.
    static ProblemException conflict() {
        return Problem.refused(
                        409,
                        "idempotency_conflict",
                        "This Idempotency-Key came with another request before; use a new one.")
                .exception();
    }
}
