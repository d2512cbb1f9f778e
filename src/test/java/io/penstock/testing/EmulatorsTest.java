package io.penstock.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/// The stand-ins for AWS survive what AWS survives.
class EmulatorsTest {

    private static final String BEGUN =
            """
            POST / HTTP/1.1\r
            Host: dynamodb\r
            Content-Type: application/x-amz-json-1.0\r
            X-Amz-Target: DynamoDB_20120810.ListTables\r
            Content-Length: 100\r
            \r
            {\
            """;

    @Test
    void clientsThatLeaveInTheMiddleOfARequestDoNoHarm() throws IOException {
        try (Emulators emulators = Emulators.start()) {
            for (int i = 0; i < 20; i++) {
                leave(emulators.dynamoEndpoint(), i % 2 == 0);
            }

            assertThat(emulators.dynamo().listTables().tableNames()).isEmpty();
        }
    }

    /// @param resets whether the connection is reset and not closed
    private static void leave(URI server, boolean resets) throws IOException {
        try (Socket socket = new Socket(server.getHost(), server.getPort())) {
            socket.getOutputStream().write(BEGUN.getBytes(StandardCharsets.US_ASCII));
            socket.setSoLinger(resets, 0);
        }
    }
}
