package io.penstock.store.aws;

import io.penstock.store.StoreException;
import java.time.Duration;
import software.amazon.awssdk.awscore.exception.AwsServiceException;

/// What the three have in common.
final class Aws {

    /// Attempts at what a service has taken only in part.
    static final int ATTEMPTS = 8;

    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);

    private Aws() {}

    /// A refusal in one sentence. The service's own message stays in the cause: it may quote more
    /// of the request than a caller should see.
    ///
    /// @param e an `SdkException`, or an `UncheckedIOException`: the SDK's client over
    ///   `HttpURLConnection` lets those of its output streams through
    static StoreException failed(String object, RuntimeException e) {
        return new StoreException(
                e instanceof AwsServiceException refused
                        ? object + ": " + code(refused) + " (HTTP " + refused.statusCode() + ")"
                        : object + ": AWS cannot be reached",
                e);
    }

    /// The service's name for what is wrong.
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
