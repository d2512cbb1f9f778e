package io.penstock.llm;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What runs for somebody and can be ended from any thread at any time: one call, or several in
/// turn.
public interface Running {

    /// Ends it wherever it is: waiting, backing off, or reading an answer. Its request is ended at
    /// the provider.
    void cancel();

    /// Lets an attempt that is under way come to its end and starts no other.
    void drain();

    /// Whether [#drain()] was called; a failure may then be one that another attempt would have
    /// cured.
    boolean isDraining();

    /// Requests made to the provider so far, with those for which no connection came about.
    int attemptCount();

    /// The model that the last of these went to; empty where there was none.
    default String asked() {
        return "";
    }

    /// When the last of these began, as [System#nanoTime()].
    default long begunNanos() {
        return 0;
    }

    /// Whether the model has answered others between its failed attempts.
    default boolean othersAnswered() {
        return false;
    }

    /// When the first failed attempt of the latest call began, in microseconds of the store's time;
    /// 0 for none.
    default long failedMicros() {
        return 0;
    }

    /// What its attempts have used that came to no answer, as far as the provider has told it.
    default List<UsedInVain> inVain() {
        return List.of();
    }

    /// Time since its beginning that was not spent in the provider, in the queue, or backing off.
    Duration overhead();

    /// The provider's own id of its last answer, for its support; null as long as there is none.
    @Nullable String providerRequestId();

    /// The headers that tell a caller of the limits that hold for its model: `x-ratelimit-*`, none
    /// where no budget is configured.
    Map<String, String> rateHeaders();
}
