package io.penstock.llm;

import io.vertx.core.MultiMap;
import java.util.Locale;

/// How an answer's bytes are packed (RFC 9110, section 8.4.1). Penstock asks for none; what is
/// packed all the same is unpacked by [Inflation].
enum Coding {
    NONE,
    GZIP,
    DEFLATE,
    /// Another one, or several.
    UNKNOWN;

    static final String HEADER = "content-encoding";

    /// The coding that an answer's headers tell.
    static Coding of(MultiMap headers) {
        Coding found = NONE;
        if (headers.contains(HEADER)) {
            for (String value : headers.getAll(HEADER)) {
                for (String word : value.split(",")) {
                    Coding one = of(word.strip().toLowerCase(Locale.ROOT));
                    if (one != NONE) {
                        found = found == NONE ? one : UNKNOWN;
                    }
                }
            }
        }
        return found;
    }

    private static Coding of(String word) {
        return switch (word) {
            // The last two are charsets, which some servers put here.
            case "", "identity", "none", "utf-8", "utf8" -> NONE;
            case "gzip", "x-gzip" -> GZIP;
            case "deflate" -> DEFLATE;
            default -> UNKNOWN;
        };
    }
}
