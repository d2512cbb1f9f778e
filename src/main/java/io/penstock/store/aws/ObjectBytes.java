package io.penstock.store.aws;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;

/// An object's bytes. What breaks is an [IOException] of the reader's, and so is an end before the
/// announced one, which HttpURLConnection keeps to itself. Closed early, it drops the connection
/// instead of reading the rest of it.
final class ObjectBytes extends FilterInputStream {

    private final ResponseInputStream<GetObjectResponse> response;
    private long left;

    ObjectBytes(ResponseInputStream<GetObjectResponse> response) {
        super(response);
        this.response = response;
        left = response.response().contentLength();
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        int count;
        try {
            count = in.read(bytes, offset, length);
        } catch (SdkException | UncheckedIOException e) {
            throw new IOException("The object could not be read to its end", e);
        }
        if (count < 0 && left > 0) {
            throw new IOException("The object ended " + left + " bytes too early");
        }
        left -= Math.max(0, count);
        return count;
    }

    @Override
    public long skip(long count) throws IOException {
        long skipped = 0;
        byte[] buffer = new byte[(int) Math.clamp(count, 1, 8192)];
        while (skipped < count) {
            int read = read(buffer, 0, (int) Math.min(buffer.length, count - skipped));
            if (read < 0) {
                break;
            }
            skipped += read;
        }
        return skipped;
    }

    @Override
    public boolean markSupported() {
        return false;
    }

    @Override
    public void close() throws IOException {
        if (left > 0) {
            response.abort();
        } else {
            super.close();
        }
    }
}
