package io.penstock.http;

import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.io.InputStream;

/// Reads request bodies up to a limit.
final class Bodies {

    private Bodies() {}

    /// @throws Problem 413 when the body is longer than `max` bytes
    static byte[] read(InputStream body, RoutingContext exchange, long max) {
        try {
            String length = exchange.request().getHeader("content-length");
            if (length != null && Long.parseLong(length) > max) {
                throw Errors.tooLarge(max);
            }
            byte[] bytes = body.readNBytes((int) max + 1);
            if (bytes.length > max) {
                throw Errors.tooLarge(max);
            }
            return bytes;
        } catch (IOException | NumberFormatException broken) {
            throw Problem.refused(400, "bad_request", "The body broke off before its end.");
        }
    }
}
