package io.penstock.http;

import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import java.time.Duration;
import java.util.Set;

/// OpenAI's `expires_after`.
final class Retention {

    private Retention() {}

    /// How long a file is kept, by OpenAI's `{"anchor":"created_at","seconds"}` (API reference,
    /// "Upload file").
    static Duration of(Fields expiry, String param) {
        try {
            return of(expiry);
        } catch (InvalidRequest invalid) {
            throw invalid.within(param);
        }
    }

    private static Duration of(Fields expiry) {
        expiry.only(Set.of("anchor", "seconds"));
        if (!"created_at".equals(expiry.text("anchor"))) {
            throw InvalidRequest.about("anchor", "out_of_range", "must be created_at.");
        }
        Long seconds = expiry.integer("seconds", 3_600, 2_592_000);
        if (seconds == null) {
            throw InvalidRequest.about("seconds", "missing_field", "is missing.");
        }
        return Duration.ofSeconds(seconds);
    }
}
