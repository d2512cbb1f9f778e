package io.penstock.http;

import io.penstock.batch.Files;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/// Ends an upload that grows too large.
final class BoundedUpload extends FilterOutputStream {

    private final Files.Upload upload;
    private final long maxBytes;

    BoundedUpload(Files.Upload upload, long maxBytes) {
        super(upload);
        this.upload = upload;
        this.maxBytes = maxBytes;
    }

    @Override
    public void write(byte[] buffer, int offset, int length) throws IOException {
        if (upload.bytes() + length > maxBytes) {
            throw tooLarge(maxBytes);
        }
        ((OutputStream) upload).write(buffer, offset, length);
    }

    static ProblemException tooLarge(long maxBytes) {
        return Problem.refused(
                        413,
                        "body_too_large",
                        "The file is larger than "
                                + maxBytes
                                + " bytes (penstock.http.max-upload); send it in parts, each a batch of its own.")
                .exception();
    }
}
