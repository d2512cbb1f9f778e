package io.penstock.llm;

import io.netty.buffer.ByteBuf;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/// The head of one answer, from its first byte to its empty line, made clean before it is parsed:
/// the parser gives up an answer, which is paid for, for any line that is odd.
///
/// A line that is no field is passed over, with the lines that continue it; control characters in a
/// value become spaces (RFC 9110, section 5.5, and RFC 9112, sections 2.2 and 5.2). But a line that
/// may tell where the answer ends is never mended: then nobody knows which bytes belong to it.
///
/// Not thread-safe.
final class ResponseHead {

    private static final byte[] START = "HTTP/1.".getBytes(StandardCharsets.US_ASCII);

    private static final String CONTENT_LENGTH = "contentlength";
    private static final String TRANSFER_ENCODING = "transferencoding";

    /// Of what is no head at most.
    private static final int TOLD = 64;

    /// RFC 9110, section 5.6.2.
    private static final String TOKEN_MARKS = "!#$%&'*+-.^_`|~";

    private final int maxBytes;
    private int looked;

    /// @param maxBytes a longer head is refused
    ResponseHead(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    /// Waits for the end of the head, and then makes it clean in its place.
    ///
    /// @return whether the head is whole
    /// @throws NotHttp when it can be none, or could be read in more than one way
    boolean isReady(ByteBuf in) throws NotHttp {
        while (in.isReadable() && isBlank(in.getByte(in.readerIndex()))) {
            in.skipBytes(1);
        }
        requireStart(in);
        int end = end(in);
        if (end < 0) {
            return false;
        }
        byte[] head = new byte[end - in.readerIndex()];
        in.getBytes(in.readerIndex(), head);
        byte[] clean = clean(head);
        if (clean != head) {
            in.setBytes(end - clean.length, clean);
            in.readerIndex(end - clean.length);
        }
        looked = 0;
        return true;
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || isControl(b) || b == '\t';
    }

    private static boolean isControl(byte b) {
        return (b >= 0 && b < ' ' && b != '\t') || b == 0x7F;
    }

    private static void requireStart(ByteBuf in) throws NotHttp {
        for (int i = 0; i < Math.min(START.length, in.readableBytes()); i++) {
            if (in.getByte(in.readerIndex() + i) != START[i]) {
                int length = Math.min(TOLD, in.readableBytes());
                throw NotHttp.otherProtocol(
                        in.toString(in.readerIndex(), length, StandardCharsets.ISO_8859_1)
                                .lines()
                                .findFirst()
                                .orElse(""));
            }
        }
    }

    /// Behind the empty line, or -1 while it has not come.
    private int end(ByteBuf in) throws NotHttp {
        int start = in.readerIndex();
        while (true) {
            int from = start + looked;
            int lineFeed = in.indexOf(from, in.writerIndex(), (byte) '\n');
            if ((lineFeed < 0 ? in.writerIndex() : lineFeed) - start > maxBytes) {
                throw NotHttp.badHead("its headers are longer than " + maxBytes + " bytes");
            }
            if (lineFeed < 0) {
                return -1;
            }
            looked = lineFeed + 1 - start;
            boolean isEmpty =
                    lineFeed == from || (lineFeed == from + 1 && in.getByte(from) == '\r');
            if (isEmpty) {
                return lineFeed + 1;
            }
        }
    }

    /// @return the same bytes where there is nothing to mend
    private static byte[] clean(byte[] head) throws NotHttp {
        ByteArrayOutputStream clean = null;
        boolean isKept = false;
        boolean tellsLength = false;
        int from = 0;
        for (int i = 0; i < head.length; i++) {
            if (head[i] != '\n') {
                continue;
            }
            int end = i > from && head[i - 1] == '\r' ? i - 1 : i;
            boolean isContinued = head[from] == ' ' || head[from] == '\t';
            boolean isLine = from == 0 || end == from || isField(head, from, end);
            if (isContinued && tellsLength) {
                throw damaged();
            }
            // A continuation goes with its line; there is none of the status line.
            isKept = isContinued ? isKept : isLine;
            tellsLength = !isContinued && mayTellLength(head, from, end);
            boolean isOdd = !isKept || mend(head, from, end);
            if (isOdd && clean == null) {
                clean = new ByteArrayOutputStream(head.length);
                clean.write(head, 0, from);
            }
            if (isKept && clean != null) {
                clean.write(head, from, i + 1 - from);
            }
            isKept &= from > 0;
            from = i + 1;
        }
        return clean == null ? head : clean.toByteArray();
    }

    /// Puts a space for each control character.
    ///
    /// @return whether there was any
    private static boolean mend(byte[] head, int from, int end) throws NotHttp {
        boolean isOdd = false;
        for (int i = from; i < end; i++) {
            if (isControl(head[i])) {
                if (mayTellLength(head, from, end)) {
                    throw damaged();
                }
                head[i] = ' ';
                isOdd = true;
            }
        }
        return isOdd;
    }

    private static boolean isField(byte[] head, int from, int end) throws NotHttp {
        int colon = from;
        while (colon < end && head[colon] != ':') {
            colon++;
        }
        int nameEnd = colon;
        while (nameEnd > from && (head[nameEnd - 1] == ' ' || head[nameEnd - 1] == '\t')) {
            nameEnd--;
        }
        boolean isField = colon < end && nameEnd > from;
        for (int i = from; i < nameEnd && isField; i++) {
            isField = isToken(head[i]);
        }
        if (!isField && mayTellLength(head, from, end)) {
            throw damaged();
        }
        return isField;
    }

    private static boolean isToken(byte b) {
        return (b >= 'a' && b <= 'z')
                || (b >= 'A' && b <= 'Z')
                || (b >= '0' && b <= '9')
                || (b > 0 && TOKEN_MARKS.indexOf(b) >= 0);
    }

    /// By its letters alone, whatever is between them.
    private static boolean mayTellLength(byte[] head, int from, int end) {
        return beginsWith(CONTENT_LENGTH, head, from, end)
                || beginsWith(TRANSFER_ENCODING, head, from, end);
    }

    private static boolean beginsWith(String letters, byte[] head, int from, int end) {
        int known = 0;
        for (int i = from; i < end && known < letters.length(); i++) {
            int lower = head[i] | 0x20;
            if (lower >= 'a' && lower <= 'z') {
                if (lower != letters.charAt(known)) {
                    return false;
                }
                known++;
            }
        }
        return known == letters.length();
    }

    private static NotHttp damaged() {
        return NotHttp.badHead(
                "the header line that tells where the answer ends is damaged, so that nobody knows which"
                        + " bytes belong to it");
    }
}
