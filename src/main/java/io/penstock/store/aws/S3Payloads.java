package io.penstock.store.aws;

import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import io.penstock.store.UnreadableSource;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.ObjectIdentifier;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;

/// Payloads as objects of one bucket; an object is there as a whole or not at all.
final class S3Payloads implements Payloads {

    /// Bytes in each part of an upload but the last; S3 asks for 5 MiB at least ("Amazon S3
    /// multipart upload limits").
    static final int PART = 8 * 1024 * 1024;

    /// Parts in one upload (same page).
    private static final int MAX_PARTS = 10_000;

    /// Keys in one DeleteObjects (API reference).
    private static final int DELETE_BATCH = 1000;

    private static final String SCHEME = "s3://";

    /// How long a signature of version 4 may be valid ("Sharing objects with presigned URLs").
    private static final Duration MAX_VALIDITY = Duration.ofDays(7);

    private final S3Client client;
    private final Supplier<S3Presigner> presigner;
    private final String bucket;
    private final Set<String> inputBuckets;

    /// @param presigner asked for when the first link is made
    /// @param inputBuckets whose objects callers may name
    S3Payloads(
            S3Client client,
            Supplier<S3Presigner> presigner,
            String bucket,
            Set<String> inputBuckets) {
        this.client = client;
        this.presigner = presigner;
        this.bucket = bucket;
        this.inputBuckets = inputBuckets;
    }

    @Override
    public Draft create(String key) {
        return new Upload(key);
    }

    @Override
    public void put(String key, byte[] bytes) {
        ask(
                bucket,
                key,
                () ->
                        client.putObject(
                                p -> p.bucket(bucket).key(key), RequestBody.fromBytes(bytes)));
    }

    @Override
    public InputStream read(String key, long offset, long length) {
        if (length <= 0) {
            ask(bucket, key, () -> client.headObject(h -> h.bucket(bucket).key(key)));
            return InputStream.nullInputStream();
        }
        // A range without an end where its end is past what a number holds.
        long last = offset + length - 1;
        return open(bucket, key, "bytes=" + offset + "-" + (last < offset ? "" : last));
    }

    @Override
    public byte[] read(String key) {
        return ask(bucket, key, () -> client.getObjectAsBytes(g -> g.bucket(bucket).key(key)))
                .asByteArray();
    }

    @Override
    public void deleteAll(String prefix) {
        if (!prefix.endsWith("/")) {
            throw new IllegalArgumentException("A prefix ends in a slash: " + prefix);
        }
        List<ObjectIdentifier> batch = new ArrayList<>();
        ask(
                bucket,
                prefix,
                () -> {
                    for (S3Object object :
                            client.listObjectsV2Paginator(l -> l.bucket(bucket).prefix(prefix))
                                    .contents()) {
                        batch.add(ObjectIdentifier.builder().key(object.key()).build());
                        if (batch.size() == DELETE_BATCH) {
                            delete(prefix, batch);
                            batch.clear();
                        }
                    }
                    if (!batch.isEmpty()) {
                        delete(prefix, batch);
                    }
                    return batch;
                });
    }

    @Override
    public Optional<Long> size(String key) {
        return ask(
                bucket,
                key,
                () -> {
                    try {
                        return Optional.of(
                                client.headObject(h -> h.bucket(bucket).key(key)).contentLength());
                    } catch (S3Exception e) {
                        // 403 is what a role hears of an object that is not there when it may not
                        // list all of the bucket (API reference of HeadObject).
                        if (e.statusCode() == 404 || e.statusCode() == 403) {
                            return Optional.empty();
                        }
                        throw e;
                    }
                });
    }

    /// The length is signed with the rest, so that S3 takes no more than was announced.
    @Override
    public Optional<URI> uploadLink(String key, long bytes, Duration validity) {
        return url(
                key,
                () ->
                        presigner
                                .get()
                                .presignPutObject(p ->
                                        p.signatureDuration(bounded(validity))
                                                .putObjectRequest(put ->
                                                        put.bucket(bucket)
                                                                .key(key)
                                                                .contentLength(bytes)))
                                .url());
    }

    /// The link's own validity; one that is signed with the credentials of a role ends with them,
    /// whatever it says.
    @Override
    public Optional<URI> link(String key, Duration validity) {
        return url(
                key,
                () ->
                        presigner
                                .get()
                                .presignGetObject(p ->
                                        p.signatureDuration(bounded(validity))
                                                .getObjectRequest(g -> g.bucket(bucket).key(key)))
                                .url());
    }

    private static Duration bounded(Duration validity) {
        return validity.compareTo(MAX_VALIDITY) > 0 ? MAX_VALIDITY : validity;
    }

    private Optional<URI> url(String key, Supplier<URL> signed) {
        return ask(
                bucket,
                key,
                () -> {
                    try {
                        return Optional.of(signed.get().toURI());
                    } catch (URISyntaxException e) {
                        throw new StoreException(name(bucket, key) + " has no URL", e);
                    }
                });
    }

    /// A bucket and a key in it, which callers may name.
    private record Source(String bucket, String key) {}

    private Source source(String location) {
        int slash = location.indexOf('/', SCHEME.length());
        if (!location.startsWith(SCHEME) || slash < 0 || slash + 1 == location.length()) {
            throw new UnreadableSource(
                    "Input is read from S3 only: give a location such as s3://bucket/key.");
        }
        String from = location.substring(SCHEME.length(), slash);
        if (!inputBuckets.contains(from)) {
            throw new UnreadableSource(
                    "The bucket "
                            + from
                            + " is not among those that may be read; the operator names them in"
                            + " penstock.store.input-buckets.");
        }
        return new Source(from, location.substring(slash + 1));
    }

    @Override
    public void probe(String location) {
        Source source = source(location);
        try {
            client.headObject(h -> h.bucket(source.bucket).key(source.key));
        } catch (S3Exception e) {
            throw switch (e.statusCode()) {
                case 403 ->
                        new UnreadableSource(
                                location
                                        + " may not be read by Penstock; allow its role s3:GetObject, and"
                                        + " s3:ListBucket to learn what is missing.");
                case 404 -> noFile(location);
                case 301, 307 ->
                        new UnreadableSource(
                                "The bucket "
                                        + source.bucket
                                        + " is in another region than Penstock; use one in the same.");
                default -> Aws.failed(location, e);
            };
        } catch (SdkException | UncheckedIOException e) {
            throw Aws.failed(location, e);
        }
    }

    @Override
    public InputStream foreign(String location) {
        Source source = source(location);
        try {
            return open(source.bucket, source.key, null);
        } catch (StoreException e) {
            throw e.getCause() instanceof S3Exception refused && refused.statusCode() == 404
                    ? noFile(location)
                    : e;
        }
    }

    private static UnreadableSource noFile(String location) {
        return new UnreadableSource(
                "There is no file " + location + "; name one, with its key as it is.");
    }

    private InputStream open(String from, String key, @Nullable String range) {
        return ask(
                from,
                key,
                () -> {
                    try {
                        return new Body(
                                client.getObject(g -> g.bucket(from).key(key).range(range)));
                    } catch (S3Exception e) {
                        // The range starts where the object has ended.
                        if (range != null && e.statusCode() == 416) {
                            return InputStream.nullInputStream();
                        }
                        throw e;
                    }
                });
    }

    private void delete(String prefix, List<ObjectIdentifier> batch) {
        List<ObjectIdentifier> keys = List.copyOf(batch);
        var errors =
                client.deleteObjects(d -> d.bucket(bucket).delete(o -> o.objects(keys).quiet(true)))
                        .errors();
        if (!errors.isEmpty()) {
            throw new StoreException(
                    name(bucket, prefix)
                            + ": "
                            + errors.size()
                            + " objects were not deleted, the first because of "
                            + errors.getFirst().code());
        }
    }

    private static String name(String bucket, String key) {
        return "s3://" + bucket + "/" + key;
    }

    private static <T> T ask(String bucket, String key, Supplier<T> call) {
        try {
            return call.get();
        } catch (NoSuchKeyException e) {
            throw new StoreException("There is no file " + name(bucket, key), e);
        } catch (S3Exception e) {
            // HEAD has no body to say what is missing.
            throw e.statusCode() == 404 && e.awsErrorDetails() == null
                    ? new StoreException("There is no file " + name(bucket, key), e)
                    : Aws.failed(name(bucket, key), e);
        } catch (SdkException | UncheckedIOException e) {
            throw Aws.failed(name(bucket, key), e);
        }
    }

    /// An object's bytes. What breaks is an [IOException] of the reader's, and so is an end before
    /// the announced one, which HttpURLConnection keeps to itself. Closed early, it drops the
    /// connection instead of reading the rest of it.
    private static final class Body extends FilterInputStream {

        private final ResponseInputStream<GetObjectResponse> response;
        private long left;

        Body(ResponseInputStream<GetObjectResponse> response) {
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

    /// An upload that begins with its second part; what fits in one is put at once.
    private final class Upload extends Draft {

        private final String key;
        private final List<CompletedPart> parts = new ArrayList<>();
        private byte[] buffer = new byte[64 * 1024];
        private int filled;
        private @Nullable String upload;
        private boolean open = true;

        Upload(String key) {
            this.key = key;
        }

        @Override
        public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            if (!open) {
                throw new IllegalStateException(name(bucket, key) + " is closed");
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
                throw new IllegalStateException(name(bucket, key) + " is closed");
            }
            if (upload == null) {
                put(key, Arrays.copyOf(buffer, filled));
            } else {
                uploadPart();
                String id = upload;
                ask(
                        bucket,
                        key,
                        () ->
                                client.completeMultipartUpload(c ->
                                        c.bucket(bucket)
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
                ask(
                        bucket,
                        key,
                        () ->
                                client.abortMultipartUpload(
                                        a -> a.bucket(bucket).key(key).uploadId(id)));
            }
        }

        private void uploadPart() {
            if (parts.size() == MAX_PARTS) {
                throw new StoreException(
                        name(bucket, key)
                                + " has grown past "
                                + MAX_PARTS
                                + " parts of "
                                + PART
                                + " bytes; trying again does not help.");
            }
            if (upload == null) {
                upload =
                        ask(
                                        bucket,
                                        key,
                                        () ->
                                                client.createMultipartUpload(
                                                        c -> c.bucket(bucket).key(key)))
                                .uploadId();
            }
            String id = upload;
            int number = parts.size() + 1;
            String tag =
                    ask(
                                    bucket,
                                    key,
                                    () ->
                                            client.uploadPart(
                                                    u ->
                                                            u.bucket(bucket)
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
}
