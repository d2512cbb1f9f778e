package io.penstock.store.aws;

import io.penstock.store.StoreException;
import io.penstock.store.UnreadableSource;
import java.io.InputStream;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Exception;

/// Callers' own files in buckets that the operator has named.
final class S3Sources {

    private static final String SCHEME = "s3://";

    private final S3Client client;
    private final Set<String> buckets;

    /// @param buckets whose objects callers may name
    S3Sources(S3Client client, Set<String> buckets) {
        this.client = client;
        this.buckets = buckets;
    }

    /// A bucket and a key in it, which callers may name.
    private record Source(Bucket bucket, String key) {}

    /// @return its entity tag
    String probe(String location) {
        Source source = source(location);
        return Aws.call(
                location,
                () -> {
                    try {
                        return client.headObject(
                                        h -> h.bucket(source.bucket.name()).key(source.key))
                                .eTag();
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
                                                    + source.bucket.name()
                                                    + " is in another region than Penstock; use one in the same.");
                            default -> e;
                        };
                    }
                });
    }

    InputStream open(String location, @Nullable String tag) {
        Source source = source(location);
        try {
            return source.bucket.open(source.key, null, tag);
        } catch (StoreException e) {
            throw e.getCause() instanceof S3Exception refused && refused.statusCode() == 404
                    ? noFile(location)
                    : e;
        }
    }

    private Source source(String location) {
        int slash = location.indexOf('/', SCHEME.length());
        if (!location.startsWith(SCHEME) || slash < 0 || slash + 1 == location.length()) {
            throw new UnreadableSource(
                    "Input is read from S3 only: give a location such as s3://bucket/key.");
        }
        String bucket = location.substring(SCHEME.length(), slash);
        if (!buckets.contains(bucket)) {
            throw new UnreadableSource(
                    "The bucket "
                            + bucket
                            + " is not among those that may be read; the operator names them in"
                            + " penstock.store.input-buckets.");
        }
        return new Source(new Bucket(client, bucket), location.substring(slash + 1));
    }

    private static UnreadableSource noFile(String location) {
        return new UnreadableSource(
                "There is no file " + location + "; name one, with its key as it is.");
    }
}
