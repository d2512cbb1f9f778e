package io.penstock.store.aws;

import io.penstock.store.StoreException;
import io.penstock.store.UnreadableSource;
import java.io.InputStream;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.S3Exception;

/// One bucket of S3. Immutable.
record Bucket(S3Client client, String name) {

    /// An object's name in messages.
    String name(String key) {
        return "s3://" + name + "/" + key;
    }

    /// Does something about one object.
    ///
    /// @throws StoreException also when there is no such object
    <T extends @Nullable Object> T ask(String key, Function<S3Client, T> request) {
        return Aws.call(
                name(key),
                () -> {
                    try {
                        return request.apply(client);
                    } catch (NoSuchKeyException e) {
                        throw missing(key, e);
                    } catch (S3Exception e) {
                        // HEAD has no body to say what is missing.
                        throw e.statusCode() == 404 && e.awsErrorDetails() == null
                                ? missing(key, e)
                                : e;
                    }
                });
    }

    void put(String key, byte[] bytes) {
        ask(key, s3 -> s3.putObject(p -> p.bucket(name).key(key), RequestBody.fromBytes(bytes)));
    }

    /// Reads an object.
    ///
    /// @param range as in the header of that name; null for all of it
    /// @param tag that the object must have; null for any
    /// @throws UnreadableSource when it has another
    InputStream open(String key, @Nullable String range, @Nullable String tag) {
        return ask(
                key,
                s3 -> {
                    try {
                        return new ObjectBytes(
                                s3.getObject(
                                        g -> g.bucket(name).key(key).range(range).ifMatch(tag)));
                    } catch (S3Exception e) {
                        // The range starts where the object has ended.
                        if (range != null && e.statusCode() == 416) {
                            return InputStream.nullInputStream();
                        }
                        if (tag != null && e.statusCode() == 412) {
                            throw new UnreadableSource(
                                    name(key)
                                            + " is not what it was when the batch was submitted;"
                                            + " submit it again, and leave it as it is until the"
                                            + " batch has begun.");
                        }
                        throw e;
                    }
                });
    }

    private StoreException missing(String key, S3Exception e) {
        return new StoreException("There is no file " + name(key), e);
    }
}
