package io.penstock.http;

import java.io.IOException;

/// The entity of an answer that is written piece by piece, by the thread that makes it. As long as
/// nothing was written, what is thrown is still an ordinary answer with its status.
record Pieces(Content content) {

    /// Writes the body.
    @FunctionalInterface
    interface Content {
        void write(Outflow out) throws IOException;
    }
}
