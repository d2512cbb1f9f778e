package io.penstock.lambda;

import io.quarkus.runtime.ImageMode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.jspecify.annotations.Nullable;

/// Quarkus's loop that asks AWS Lambda's Runtime API for events.
///
/// Every native binary runs it, and ends where there is no such API. The setting that says where
/// the loop asks is Quarkus's own, not API; it is named here alone.
public final class PollLoop {

    private static final String RUNTIME_API = "quarkus-internal.aws-lambda.test-api";

    /// A stopping process takes the connection away from under the loop, which says so at length.
    private static final String LEVEL =
            "quarkus.log.category.\"io.quarkus.amazon.lambda.runtime.AbstractLambdaPollLoop\".level";

    /// Held, so that it stays open.
    private static @Nullable ServerSocket nobody;

    private PollLoop() {}

    /// To be called before Quarkus starts: outside of AWS Lambda lets a native binary's loop wait
    /// for ever at a socket that takes its request and never answers. Anywhere else it does
    /// nothing.
    public static void park() {
        if (System.getenv("AWS_LAMBDA_RUNTIME_API") == null
                && ImageMode.current() == ImageMode.NATIVE_RUN) {
            System.setProperty(RUNTIME_API, "127.0.0.1:" + listen().getLocalPort());
            System.setProperty(LEVEL, "OFF");
        }
    }

    private static ServerSocket listen() {
        try {
            ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
            nobody = socket;
            return socket;
        } catch (IOException e) {
            throw new UncheckedIOException("No socket on the loopback interface", e);
        }
    }
}
