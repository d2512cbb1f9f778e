package io.penstock.flow;

import java.time.Duration;
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
/// @param longest to wait for anything
/// @param before how long to wait at most, before that, until this process knows what others know
/// @param trial what is known of the call's attempts at this model
public record Want(
        String model,
        @Nullable String job,
        int weight,
        long promptBytes,
        @Nullable Integer maxTokens,
        @Nullable Duration patience,
        Duration longest,
        Duration before,
        Trial trial) {

    /// A call that somebody waits for.
    public static Want of(String model, Duration longest) {
        return new Want(model, null, 1, 0, null, null, longest, longest, new Trial());
    }

    /// The same of another model, of whose attempts nothing is known yet.
    public Want of(String other) {
        return new Want(
                other, job, weight, promptBytes, maxTokens, patience, longest, before, new Trial());
    }

    /// The same with less time, once this process knows what others know: its own start must not
    /// refuse a call.
    public Want within(Duration wait) {
        Duration least = wait.compareTo(longest) < 0 ? wait : longest;
        return new Want(model, job, weight, promptBytes, maxTokens, patience, least, before, trial);
    }

    /// The same for a prompt of this size.
    public Want sized(long bytes, @Nullable Integer answerTokens) {
        return new Want(model, job, weight, bytes, answerTokens, patience, longest, before, trial);
    }

    /// The same as a further attempt of a call.
    public Want in(Trial its) {
        return new Want(model, job, weight, promptBytes, maxTokens, patience, longest, before, its);
    }

    /// The same as a job's call.
    public Want ofJob(String name, int itsWeight, Duration itsPatience) {
        return new Want(
                model,
                name,
                itsWeight,
                promptBytes,
                maxTokens,
                itsPatience,
                longest,
                before,
                trial);
    }
}
