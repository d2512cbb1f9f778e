package io.penstock.store.aws;

import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.model.CompletedPart;

/// An upload that begins with its second part; what fits in one is put at once.
final class Upload extends Payloads.Draft {

    /// Bytes in each part but the last; S3 asks for 5 MiB at least ("Amazon S3 multipart upload
    /// limits").
    static final int PART = 8 * 1024 * 1024;

    /// Parts in one upload (same page).
    private static final int MAX_PARTS = 10_000;

    private final Bucket bucket;
    private final String key;
    private final List<CompletedPart> parts = new ArrayList<>();
    private byte[] buffer = new byte[64 * 1024];
    private int filled;
    private @Nullable String upload;
    private boolean open = true;

    Upload(Bucket bucket, String key) {
        this.bucket = bucket;
        this.key = key;
    }

    @Override
    public void write(int b) {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        if (!open) {
            throw new IllegalStateException(bucket.name(key) + " is closed");
        }
        int from = offset;
        int left = length;
        while (left > 0) {
            if (filled == PART) {
                uploadPart();
            }
            int count = Math.min(left, PART - filled);
            if (filled + count > buffer.length) {
                buffer =
                        Arrays.copyOf(
                                buffer,
                                Math.min(PART, Math.max(buffer.length * 2, filled + count)));
            }
            System.arraycopy(bytes, from, buffer, filled, count);
            filled += count;
            from += count;
            left -= count;
        }
    }

    @Override
    public void publish() {
        if (!open) {
            throw new IllegalStateException(bucket.name(key) + " is closed");
        }
        if (upload == null) {
            bucket.put(key, Arrays.copyOf(buffer, filled));
        } else {
            uploadPart();
            String id = upload;
            bucket.ask(
                    key,
                    s3 ->
                            s3.completeMultipartUpload(c ->
                                    c.bucket(bucket.name())
                                            .key(key)
                                            .uploadId(id)
                                            .multipartUpload(m -> m.parts(parts))));
        }
        open = false;
    }

    @Override
    public void close() {
        if (!open) {
            return;
        }
        open = false;
        if (upload != null) {
            String id = upload;
            bucket.ask(
                    key,
                    s3 ->
                            s3.abortMultipartUpload(
                                    a -> a.bucket(bucket.name()).key(key).uploadId(id)));
        }
    }

    private void uploadPart() {
        if (parts.size() == MAX_PARTS) {
            throw new StoreException(
                    bucket.name(key)
                            + " has grown past "
                            + MAX_PARTS
                            + " parts of "
                            + PART
                            + " bytes; trying again does not help.");
        }
        if (upload == null) {
            upload =
                    bucket.ask(
                                    key,
                                    s3 ->
                                            s3.createMultipartUpload(
                                                    c -> c.bucket(bucket.name()).key(key)))
                            .uploadId();
        }
        String id = upload;
        int number = parts.size() + 1;
        String tag =
                bucket.ask(
                                key,
                                s3 ->
                                        s3.uploadPart(
                                                u ->
                                                        u.bucket(bucket.name())
                                                                .key(key)
                                                                .uploadId(id)
                                                                .partNumber(number),
                                                RequestBody.fromBytes(
                                                        Arrays.copyOf(buffer, filled))))
                        .eTag();
        parts.add(CompletedPart.builder().partNumber(number).eTag(tag).build());
        filled = 0;
    }
}
