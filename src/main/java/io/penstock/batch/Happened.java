package io.penstock.batch;

import io.penstock.json.InvalidRequest;
import io.penstock.llm.Failure;
import io.penstock.llm.Running;
import io.penstock.pipeline.StageOutcome.Finished;
import io.penstock.store.Tokens;
import org.jspecify.annotations.Nullable;

/// A message to the thread that owns a chunk's run. Places are those of the items in their chunk,
/// from 0.
sealed interface Happened {

    /// An item is about to run.
    record Started(int place, Running running) implements Happened {}

    /// A stage of an item is finished, and it is not the last.
    ///
    /// @param asked the model that has answered its last attempt
    /// @param begunNanos when that began, as [System#nanoTime()]
    record StageDone(int place, Finished stage, Tokens tokens, String asked, long begunNanos)
            implements Happened {}

    /// The last message of an item that was started.
    sealed interface Ended extends Happened {

        int place();
    }

    /// An item has its answer.
    ///
    /// @param line its result as it is to be recorded
    /// @param byModel whether a model has given it, which tells that the model is there
    record Answered(int place, byte[] line, Tokens tokens, boolean byModel) implements Ended {

        Answered(int place, byte[] line, Tokens tokens) {
            this(place, line, tokens, true);
        }
    }

    /// An item failed.
    ///
    /// @param stage in which it failed; null where there is no pipeline
    /// @param spent tokens of an answer that cannot be used
    /// @param attempts requests made for it, by earlier workers too
    /// @param drained whether the item was told to start no further attempt, which might have
    ///   succeeded
    /// @param raw the answer of a task's model that does not fit; null where that is not why
    record Failed(
            int place,
            @Nullable String customId,
            Failure failure,
            @Nullable String stage,
            Tokens spent,
            int attempts,
            boolean drained,
            @Nullable String raw)
            implements Ended {

        Failed(
                int place,
                @Nullable String customId,
                Failure failure,
                @Nullable String stage,
                Tokens spent,
                int attempts,
                boolean drained) {
            this(place, customId, failure, stage, spent, attempts, drained, null);
        }

        /// Whether it comes of too much to do, or of something between, and so of no prompt.
        boolean isOfLoad() {
            return switch (failure.kind()) {
                case TRANSPORT, OVERLOADED -> true;
                case SERVER -> failure.status() > 500 && failure.status() < 600;
                default -> false;
            };
        }
    }

    /// An item came to no end of its own: the next claim of the chunk runs it again.
    record Gone(int place) implements Ended {}

    /// An item that was taken in cannot be read any more, and is not started.
    record Unreadable(int place, InvalidRequest why) implements Happened {}

    /// All items were started that are to be.
    record AllStarted() implements Happened {}
}
