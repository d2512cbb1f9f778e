package io.penstock.store.aws;

import io.penstock.store.StoreException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;

/// Error sentences and pauses that the stores in AWS share.
final class Aws {

    /// Attempts at a request of which a service has taken only a part.
    static final int ATTEMPTS = 8;

    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);

    private Aws() {}

    /// Asks AWS for something about an object, and says in one sentence what failed: the only place
    /// that does. The service's own message stays in the cause: it may quote more of the request
    /// than a caller should see.
    ///
    /// @param object names it in the sentence
    static <T extends @Nullable Object> T call(Object object, Supplier<T> request) {
        try {
            return request.get();
        } catch (AwsServiceException refused) {
            throw new StoreException(
                    object + ": " + code(refused) + " (HTTP " + refused.statusCode() + ")",
                    refused);
        } catch (SdkException | UncheckedIOException e) {
            // The SDK's client over HttpURLConnection lets such exceptions of its output streams
            // through.
            throw new StoreException(object + ": AWS cannot be reached", e);
        }
    }

    /// The service's code of the error.
    static String code(AwsServiceException e) {
        return e.awsErrorDetails() == null || e.awsErrorDetails().errorCode() == null
                ? e.getClass().getSimpleName()
                : e.awsErrorDetails().errorCode();
    }

    /// Pauses before the next attempt at what `object` is about, twice as long each time.
    ///
    /// @param attempt from 1
    static void pause(String object, int attempt) {
        try {
            Thread.sleep(FIRST_PAUSE.multipliedBy(1L << (attempt - 1)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException(object + ": interrupted", e);
        }
    }
}
