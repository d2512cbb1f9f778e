package io.penstock.store.aws;

import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ObjectIdentifier;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;

/// Payloads as objects of one bucket; an object is there as a whole or not at all.
final class S3Payloads implements Payloads {

    /// Keys in one DeleteObjects (API reference).
    private static final int DELETE_BATCH = 1000;

    /// How long a signature of version 4 may be valid ("Sharing objects with presigned URLs").
    private static final Duration MAX_VALIDITY = Duration.ofDays(7);

    private final Bucket bucket;
    private final Supplier<S3Presigner> presigner;
    private final S3Sources sources;

    /// @param presigner asked for when the first link is made
    S3Payloads(Bucket bucket, Supplier<S3Presigner> presigner, S3Sources sources) {
        this.bucket = bucket;
        this.presigner = presigner;
        this.sources = sources;
    }

    @Override
    public Draft create(String key) {
        return new SinglePut(bucket, key);
    }

    @Override
    public Assembly begin(String key, long bytes) {
        return new S3Assembly(Parts.of(bucket, key, bytes));
    }

    @Override
    public Assembly resume(String key, String state) {
        return new S3Assembly(Parts.resumed(bucket, key, state));
    }

    @Override
    public void put(String key, byte[] bytes) {
        bucket.put(key, bytes);
    }

    @Override
    public InputStream read(String key, long offset, long length) {
        if (length <= 0) {
            bucket.ask(key, s3 -> s3.headObject(h -> h.bucket(bucket.name()).key(key)));
            return InputStream.nullInputStream();
        }
        // Without an end where that is too large for a number.
        long last = offset + length - 1;
        return bucket.open(key, "bytes=" + offset + "-" + (last < offset ? "" : last), null);
    }

    @Override
    public InputStream read(String key, String tag) {
        return bucket.open(key, null, tag);
    }

    @Override
    public byte[] read(String key) {
        return bucket.ask(key, s3 -> s3.getObjectAsBytes(g -> g.bucket(bucket.name()).key(key)))
                .asByteArray();
    }

    @Override
    public void deleteAll(String prefix) {
        if (!prefix.endsWith("/")) {
            throw new IllegalArgumentException("A prefix ends in a slash: " + prefix);
        }
        bucket.ask(
                prefix,
                s3 -> {
                    List<ObjectIdentifier> batch = new ArrayList<>();
                    for (S3Object object :
                            s3.listObjectsV2Paginator(l -> l.bucket(bucket.name()).prefix(prefix))
                                    .contents()) {
                        batch.add(ObjectIdentifier.builder().key(object.key()).build());
                        if (batch.size() == DELETE_BATCH) {
                            delete(s3, prefix, batch);
                            batch.clear();
                        }
                    }
                    if (!batch.isEmpty()) {
                        delete(s3, prefix, batch);
                    }
                    return batch;
                });
    }

    private void delete(S3Client s3, String prefix, List<ObjectIdentifier> batch) {
        List<ObjectIdentifier> keys = List.copyOf(batch);
        var errors =
                s3.deleteObjects(d ->
                                d.bucket(bucket.name()).delete(o -> o.objects(keys).quiet(true)))
                        .errors();
        if (!errors.isEmpty()) {
            throw new StoreException(
                    bucket.name(prefix)
                            + ": "
                            + errors.size()
                            + " objects were not deleted, the first because of "
                            + errors.getFirst().code());
        }
    }

    /// The bucket's rule removes them; whoever discards may not need to be allowed to delete.
    @Override
    public void discard(String prefix) {}

    @Override
    public Optional<Long> size(String key) {
        return head(key).map(HeadObjectResponse::contentLength);
    }

    @Override
    public Optional<String> tag(String key) {
        return head(key).map(HeadObjectResponse::eTag);
    }

    private Optional<HeadObjectResponse> head(String key) {
        return bucket.ask(
                key,
                s3 -> {
                    try {
                        return Optional.of(s3.headObject(h -> h.bucket(bucket.name()).key(key)));
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
        return signed(
                key,
                signer ->
                        signer.presignPutObject(p ->
                                        p.signatureDuration(bounded(validity))
                                                .putObjectRequest(put ->
                                                        put.bucket(bucket.name())
                                                                .key(key)
                                                                .contentLength(bytes)))
                                .url());
    }

    /// The link's own validity; one that is signed with the credentials of a role ends with them,
    /// whatever it says.
    @Override
    public Optional<URI> link(String key, Duration validity) {
        return signed(
                key,
                signer ->
                        signer.presignGetObject(p ->
                                        p.signatureDuration(bounded(validity))
                                                .getObjectRequest(
                                                        g -> g.bucket(bucket.name()).key(key)))
                                .url());
    }

    private static Duration bounded(Duration validity) {
        return validity.compareTo(MAX_VALIDITY) > 0 ? MAX_VALIDITY : validity;
    }

    private Optional<URI> signed(String key, Function<S3Presigner, URL> sign) {
        return bucket.ask(
                key,
                _ -> {
                    try {
                        return Optional.of(sign.apply(presigner.get()).toURI());
                    } catch (URISyntaxException e) {
                        throw new StoreException(bucket.name(key) + " has no URL", e);
                    }
                });
    }

    @Override
    public String probe(String location) {
        return sources.probe(location);
    }

    @Override
    public InputStream foreign(String location, @Nullable String tag) {
        return sources.open(location, tag);
    }
}
