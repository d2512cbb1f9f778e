package io.penstock.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;

/// The ways in which servers pack their answers; the last two are both called `deflate`.
public enum Packing {
    GZIP,
    ZLIB,
    RAW;

    public boolean isGzip() {
        return this == GZIP;
    }

    public byte[] pack(String text) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream out = into(packed)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return packed.toByteArray();
    }

    private OutputStream into(OutputStream packed) throws IOException {
        return switch (this) {
            case GZIP -> new GZIPOutputStream(packed);
            case ZLIB -> new DeflaterOutputStream(packed);
            case RAW -> new DeflaterOutputStream(packed, new Deflater(9, true));
        };
    }
}
