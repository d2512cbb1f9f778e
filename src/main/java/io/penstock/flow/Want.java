package io.penstock.flow;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A call that wants to start.
///
/// @param model whose limits it counts against
/// @param job whose call it is; null for a call that somebody waits for, which goes before those of
///   jobs
/// @param weight how many calls of its job start for one of another with the weight 1; from 1
/// @param promptBytes of the prompt's text, from which its tokens are estimated
/// @param maxTokens of the answer, if it is bounded
/// @param patience how long to wait for what has a known end, such as the provider's `Retry-After`;
///   null for as long as the deadline allows
/// @param latest until when to wait for anything
public record Want(
        String model,
        @Nullable String job,
        int weight,
        long promptBytes,
        @Nullable Integer maxTokens,
        @Nullable Duration patience,
        Instant latest) {

    /// A call that somebody waits for.
    public static Want of(String model, Instant latest) {
        return new Want(model, null, 1, 0, null, null, latest);
    }

    /// The same with less time.
    public Want within(Duration wait, Clock clock) {
        Instant sooner = clock.instant().plus(wait);
        return new Want(
                model,
                job,
                weight,
                promptBytes,
                maxTokens,
                patience,
                sooner.isBefore(latest) ? sooner : latest);
    }

    /// The same for a prompt of this size.
    public Want sized(long bytes, @Nullable Integer answerTokens) {
        return new Want(model, job, weight, bytes, answerTokens, patience, latest);
    }

    /// The same as a job's call.
    public Want ofJob(String name, int itsWeight, Duration itsPatience) {
        return new Want(model, name, itsWeight, promptBytes, maxTokens, itsPatience, latest);
    }
}
