package io.penstock.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/// A caller who streams one answer after the other through OpenAI's API, over one connection.
final class FirstToken {

    private static final Pattern TOKEN = Pattern.compile("\"content\":\"[^\"]");

    private final int port;

    FirstToken(int port) {
        this.port = port;
    }

    /// Streams so many answers to their ends.
    ///
    /// @return the time to the first token of each, in nanoseconds
    long[] run(int calls) throws IOException {
        long[] nanos = new long[calls];
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setTcpNoDelay(true);
            OutputStream out = socket.getOutputStream();
            BufferedReader in =
                    new BufferedReader(
                            new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            for (int i = 0; i < calls; i++) {
                byte[] request = request(i);
                long start = System.nanoTime();
                out.write(request);
                nanos[i] = toFirstToken(in) - start;
                toEnd(in);
            }
        }
        return nanos;
    }

    private static byte[] request(int i) {
        String body =
                "{\"model\":\"gpt-4o-mini\",\"stream\":true,\"messages\":[{\"role\":\"user\","
                        + "\"content\":\"What does call number "
                        + i
                        + " cost?\"}]}";
        return ("POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer bench"
                        + "\r\ncontent-type: application/json\r\ncontent-length: "
                        + body.length()
                        + "\r\n\r\n"
                        + body)
                .getBytes(StandardCharsets.US_ASCII);
    }

    private static long toFirstToken(BufferedReader in) throws IOException {
        String status = in.readLine();
        if (status == null || !status.startsWith("HTTP/1.1 200")) {
            throw new IOException("Answered " + status);
        }
        String line = in.readLine();
        while (line != null && !TOKEN.matcher(line).find()) {
            line = in.readLine();
        }
        return System.nanoTime();
    }

    /// To the empty line after the last chunk, which has no bytes.
    private static void toEnd(BufferedReader in) throws IOException {
        String line = in.readLine();
        while (line != null && !line.equals("0")) {
            line = in.readLine();
        }
        in.readLine();
    }
}
