package io.penstock.store.aws;

import io.penstock.store.LostAssembly;
import io.penstock.store.StoreException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.S3Exception;

/// The parts of an object that is being written. A multipart upload begins with the second part; an
/// object that fits in one part is put at once. Not thread-safe.
final class Parts {

    /// Bytes in each part but the last; S3 asks for 5 MiB at least ("Amazon S3 multipart upload
    /// limits").
    static final int PART = 8 * 1024 * 1024;

    private static final int MAX_PART = 256 * 1024 * 1024;

    /// Parts in one upload (same page).
    private static final int MAX_PARTS = 10_000;

    /// Parts of an object whose size is known before: their names are in each checkpoint.
    private static final int FEW_PARTS = 1_000;

    private final Bucket bucket;
    private final String key;
    private final int size;
    private final List<String> tags = new ArrayList<>();
    private byte[] buffer = new byte[64 * 1024];
    private int filled;
    private @Nullable String upload;

    private Parts(Bucket bucket, String key, int size) {
        this.bucket = bucket;
        this.key = key;
        this.size = size;
    }

    /// @param bytes that the object will have, about; 0 when that is not known
    static Parts of(Bucket bucket, String key, long bytes) {
        return new Parts(
                bucket, key, (int) Math.clamp(Math.ceilDiv(bytes, FEW_PARTS), PART, MAX_PART));
    }

    /// @param state what [#checkpoint] returned
    static Parts resumed(Bucket bucket, String key, String state) {
        List<String> lines = state.lines().toList();
        Parts parts = new Parts(bucket, key, Integer.parseInt(lines.get(0)));
        int tail = Integer.parseInt(lines.get(1));
        if (lines.size() > 2) {
            parts.upload = lines.get(2);
            parts.tags.addAll(lines.subList(3, lines.size()));
        }
        if (tail > 0) {
            String tailKey = parts.tailKey(tail);
            byte[] bytes = bucket.ask(tailKey, s3 -> tail(s3, bucket, tailKey));
            parts.write(bytes, 0, bytes.length);
        }
        return parts;
    }

    private static byte[] tail(S3Client s3, Bucket bucket, String key) {
        try {
            return s3.getObjectAsBytes(g -> g.bucket(bucket.name()).key(key)).asByteArray();
        } catch (NoSuchKeyException gone) {
            throw new LostAssembly("The end of " + bucket.name(key) + " is gone", gone);
        }
    }

    /// Stores the bytes that fill no part yet beside the object. Every process that has come so far
    /// has written the same bytes.
    ///
    /// @return how far it is, for [#resumed]: lines with the size of a part, the bytes of the tail,
    ///   and once there is an upload its name and its parts' tags
    String checkpoint() {
        if (filled > 0) {
            bucket.put(tailKey(filled), Arrays.copyOf(buffer, filled));
        }
        StringBuilder state = new StringBuilder().append(size).append('\n').append(filled);
        if (upload != null) {
            state.append('\n').append(upload);
            tags.forEach(tag -> state.append('\n').append(tag));
        }
        return state.toString();
    }

    private String tailKey(int tail) {
        return key + ".tail-" + tags.size() + "-" + tail;
    }

    String name() {
        return bucket.name(key);
    }

    void write(byte[] bytes, int offset, int length) {
        int from = offset;
        int left = length;
        while (left > 0) {
            if (filled == size) {
                uploadPart();
            }
            int count = Math.min(left, size - filled);
            if (filled + count > buffer.length) {
                buffer =
                        Arrays.copyOf(
                                buffer,
                                Math.min(size, Math.max(buffer.length * 2, filled + count)));
            }
            System.arraycopy(bytes, from, buffer, filled, count);
            filled += count;
            from += count;
            left -= count;
        }
    }

    /// Makes the object visible.
    void publish() {
        if (upload == null) {
            bucket.put(key, Arrays.copyOf(buffer, filled));
            return;
        }
        long length = (long) tags.size() * size + filled;
        try {
            uploadPart();
            List<CompletedPart> parts = new ArrayList<>();
            for (String tag : tags) {
                parts.add(CompletedPart.builder().partNumber(parts.size() + 1).eTag(tag).build());
            }
            inUpload((s3, id) ->
                    s3.completeMultipartUpload(c ->
                            c.bucket(bucket.name())
                                    .key(key)
                                    .uploadId(id)
                                    .multipartUpload(m -> m.parts(parts))));
        } catch (LostAssembly ended) {
            // It was completed by another process that wrote the same, or by a request whose answer
            // was lost.
            if (!Objects.equals(publishedLength(), length)) {
                throw ended;
            }
        }
    }

    private @Nullable Long publishedLength() {
        return bucket.ask(
                key,
                s3 -> {
                    try {
                        return s3.headObject(h -> h.bucket(bucket.name()).key(key)).contentLength();
                    } catch (S3Exception e) {
                        if (e.statusCode() == 404 || e.statusCode() == 403) {
                            return null;
                        }
                        throw e;
                    }
                });
    }

    /// Removes what was uploaded.
    void abort() {
        if (upload != null) {
            inUpload((s3, id) ->
                    s3.abortMultipartUpload(a -> a.bucket(bucket.name()).key(key).uploadId(id)));
        }
    }

    private void uploadPart() {
        if (tags.size() == MAX_PARTS) {
            throw new StoreException(
                    name()
                            + " has grown past "
                            + MAX_PARTS
                            + " parts of "
                            + size
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
        int number = tags.size() + 1;
        tags.add(
                inUpload((s3, id) ->
                        s3.uploadPart(
                                        u ->
                                                u.bucket(bucket.name())
                                                        .key(key)
                                                        .uploadId(id)
                                                        .partNumber(number),
                                        RequestBody.fromBytes(Arrays.copyOf(buffer, filled)))
                                .eTag()));
        filled = 0;
    }

    private interface Request<T> {
        T of(S3Client s3, String upload);
    }

    private <T> T inUpload(Request<T> request) {
        String id = Objects.requireNonNull(upload);
        Function<S3Client, T> asked =
                s3 -> {
                    try {
                        return request.of(s3, id);
                    } catch (S3Exception e) {
                        String code = Aws.code(e);
                        throw code.startsWith("NoSuchUpload") || code.startsWith("InvalidPart")
                                ? new LostAssembly("The upload of " + name() + " is gone", e)
                                : e;
                    }
                };
        return bucket.ask(key, asked);
    }
}
