package io.penstock.llm;

import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.zip.GZIPInputStream;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;
import org.jspecify.annotations.Nullable;

/// Unpacks a body piece by piece and checks it to its end: its checksum, its length, and that it is
/// whole. However small the packed bytes are, a piece is small, and no more of them are made than
/// somebody takes. Not thread-safe.
final class Inflation implements AutoCloseable {

    /// The pieces of a packed body.
    interface Source {
        /// As [Exchange#next].
        @Nullable Buffer next(Deadline deadline) throws IOException, InterruptedException;
    }

    private static final int PIECE = 16 * 1024;
    private static final int READ_AT_ONCE = 8 * 1024;

    /// RFC 1952, section 2.3.1; no text begins with it.
    private static final int GZIP_FIRST = 0x1F;

    /// RFC 1950, section 2.2.
    private static final int ZLIB_DEFLATE = 8;

    private final Coding coding;
    private final Packed packed;
    private @Nullable InputStream unpacked;

    Inflation(Coding coding, Source source) {
        this.coding = coding;
        this.packed = new Packed(source);
    }

    /// As [Exchange#next].
    ///
    /// @throws java.util.zip.ZipException when the bytes are damaged
    @Nullable Buffer next(Deadline deadline) throws IOException, InterruptedException {
        packed.deadline = deadline;
        byte[] piece = new byte[PIECE];
        try {
            if (unpacked == null) {
                unpacked = open();
            }
            int length = unpacked.read(piece);
            packed.requireNoFailure();
            if (length >= 0) {
                return Buffer.buffer(length).appendBytes(piece, 0, length);
            }
            packed.skipToEnd();
            return Buffer.buffer();
        } catch (Stopped stopped) {
            if (stopped.interrupt != null) {
                throw stopped.interrupt;
            }
            return null;
        }
    }

    /// Some gateways unpack a body and leave the header as it was.
    private InputStream open() throws IOException {
        int first = packed.peek(0);
        if (coding == Coding.GZIP) {
            return first == GZIP_FIRST ? new GZIPInputStream(packed, READ_AT_ONCE) : packed;
        }
        // No JSON that is packed without zlib's header begins like one that is not packed.
        if (first < 0 || first == '{' || first == '[') {
            return packed;
        }
        boolean isZlib = (first & 0xF) == ZLIB_DEFLATE && (first << 8 | packed.peek(1)) % 31 == 0;
        return new Unpacking(packed, new Inflater(!isZlib));
    }

    @Override
    public void close() {
        try {
            if (unpacked != null) {
                unpacked.close();
            }
        } catch (IOException impossible) {
            throw new IllegalStateException("What it reads from has nothing to close", impossible);
        }
    }

    /// Ends its inflater with itself.
    private static final class Unpacking extends InflaterInputStream {

        Unpacking(InputStream in, Inflater inflater) {
            super(in, inflater, READ_AT_ONCE);
        }

        @Override
        public void close() throws IOException {
            super.close();
            inf.end();
        }
    }

    /// The reader has to stop: its time is up, or it was interrupted.
    private static final class Stopped extends IOException {

        private static final long serialVersionUID = 1L;

        private final @Nullable InterruptedException interrupt;

        Stopped(@Nullable InterruptedException interrupt) {
            this.interrupt = interrupt;
        }
    }

    private static final class Packed extends InputStream {

        private final Source source;
        private Deadline deadline = Deadline.in(Duration.ZERO);
        private Buffer piece = Buffer.buffer();
        private int at;
        private boolean isOver;
        private @Nullable IOException failure;

        Packed(Source source) {
            this.source = source;
        }

        /// Where the next header would be, the stream above takes every failure for the end.
        void requireNoFailure() throws IOException {
            if (failure != null) {
                throw failure;
            }
        }

        /// @return the byte so far ahead, or -1
        int peek(int ahead) throws IOException {
            while (piece.length() - at <= ahead && !isOver) {
                Buffer rest = piece.getBuffer(at, piece.length());
                fill();
                piece = rest.appendBuffer(piece);
                at = 0;
            }
            return at + ahead < piece.length() ? piece.getUnsignedByte(at + ahead) : -1;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            while (at == piece.length() && !isOver) {
                fill();
            }
            int taken = Math.min(length, piece.length() - at);
            if (taken == 0) {
                return length == 0 ? 0 : -1;
            }
            piece.getBytes(at, at + taken, bytes, offset);
            at += taken;
            return taken;
        }

        void skipToEnd() throws IOException {
            while (!isOver) {
                fill();
            }
        }

        private void fill() throws IOException {
            requireNoFailure();
            try {
                Buffer next = source.next(deadline);
                if (next == null) {
                    throw new Stopped(null);
                }
                isOver = next.length() == 0;
                piece = next;
                at = 0;
            } catch (InterruptedException interrupted) {
                failure = new Stopped(interrupted);
                throw failure;
            } catch (IOException broken) {
                failure = broken;
                throw broken;
            }
        }
    }
}
