package io.penstock.testing;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A request or an answer of HTTP/1.1 as its bytes, from the first to the last: RFC 9112, section
/// 6.3, says where that is.
///
/// @param head with the empty line at its end
/// @param body as it is framed, chunks with their sizes
/// @param isLast whether only the connection's end was the message's end
record Message(String head, byte[] body, boolean isLast) {

    private static final Pattern LENGTH = Pattern.compile("\ncontent-length:[ \t]*([0-9]+)");
    private static final Pattern CHUNKED =
            Pattern.compile("\ntransfer-encoding:[^\n]*\\bchunked\\b");
    private static final Pattern EXPECT = Pattern.compile("(?i)\nexpect:[^\n]*");
    private static final Pattern CLOSE = Pattern.compile("\nconnection:[^\n]*\\bclose\\b");

    /// Reads a request whole. Who asks whether to go on is told to, and nobody asks again.
    ///
    /// @return null at the connection's end
    static @Nullable Message request(InputStream in, OutputStream back) throws IOException {
        String head = head(in);
        if (head == null) {
            return null;
        }
        Matcher expect = EXPECT.matcher(head);
        if (expect.find()) {
            back.write(ascii("HTTP/1.1 100 Continue\r\n\r\n"));
            head = expect.replaceAll("");
        }
        byte[] body = body(head, in);
        return new Message(head, body == null ? new byte[0] : body, false);
    }

    /// Reads the answer to `request` whole.
    static Message answer(InputStream in, Message request) throws IOException {
        String head = head(in);
        while (head != null && head.startsWith(" 1", 8)) {
            head = head(in);
        }
        if (head == null) {
            throw new EOFException("No answer");
        }
        boolean none =
                request.head.startsWith("HEAD ")
                        || head.startsWith(" 204", 8)
                        || head.startsWith(" 304", 8);
        byte[] body = none ? new byte[0] : body(head, in);
        return body == null
                ? new Message(head, in.readAllBytes(), true)
                : new Message(head, body, false);
    }

    /// An answer without a body, after which the connection ends.
    static Message answer(String status) {
        return new Message(
                "HTTP/1.1 " + status + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                new byte[0],
                true);
    }

    boolean contains(String text) {
        return text.isEmpty()
                || head.contains(text)
                || new String(body, StandardCharsets.ISO_8859_1).contains(text);
    }

    boolean closes() {
        return isLast || CLOSE.matcher(head.toLowerCase(Locale.ROOT)).find();
    }

    void write(OutputStream out) throws IOException {
        byte[] start = ascii(head);
        byte[] all = new byte[start.length + body.length];
        System.arraycopy(start, 0, all, 0, start.length);
        System.arraycopy(body, 0, all, start.length, body.length);
        out.write(all);
        out.flush();
    }

    private static @Nullable String head(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (!head.toString().endsWith("\r\n\r\n")) {
            String line = line(in);
            if (line.isEmpty()) {
                if (head.isEmpty()) {
                    return null;
                }
                throw new EOFException("In a head");
            }
            head.append(line);
        }
        return head.toString();
    }

    /// @return null when the head does not say how long it is
    private static byte @Nullable [] body(String head, InputStream in) throws IOException {
        String lower = head.toLowerCase(Locale.ROOT);
        if (CHUNKED.matcher(lower).find()) {
            return chunks(in);
        }
        Matcher length = LENGTH.matcher(lower);
        return length.find() ? exactly(in, Integer.parseInt(length.group(1))) : null;
    }

    private static byte[] chunks(InputStream in) throws IOException {
        ByteArrayOutputStream chunks = new ByteArrayOutputStream();
        int size;
        do {
            String line = line(in);
            chunks.write(ascii(line));
            size = Integer.parseInt(line.split("[;\r]")[0].strip(), 16);
            chunks.write(exactly(in, size));
            if (size > 0) {
                chunks.write(exactly(in, 2));
            }
        } while (size > 0);
        String trailer;
        do {
            trailer = line(in);
            chunks.write(ascii(trailer));
        } while (trailer.length() > 2);
        return chunks.toByteArray();
    }

    private static byte[] exactly(InputStream in, int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("In a body");
        }
        return bytes;
    }

    /// @return with its end; shorter only at the connection's end
    private static String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int next = in.read();
        while (next >= 0) {
            line.write(next);
            if (next == '\n') {
                break;
            }
            next = in.read();
        }
        return line.toString(StandardCharsets.ISO_8859_1);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
