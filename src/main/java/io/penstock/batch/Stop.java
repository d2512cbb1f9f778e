package io.penstock.batch;

import io.penstock.access.KeyAccount;
import io.penstock.llm.Failure;
import io.penstock.llm.FailureKind;
import java.time.Duration;

/// Why a chunk's run starts no more items.
sealed interface Stop {

    /// Another worker has the chunk, or its job is gone: nothing more can be recorded.
    record Fenced() implements Stop {}

    /// The job is paused.
    record Paused() implements Stop {}

    /// What has no outcome yet is recorded as cancelled or expired.
    record Closing(String code, String message) implements Stop {}

    /// The chunk goes back to the queue.
    record HandBack(Duration delay) implements Stop {}

    /// The job is to be paused.
    ///
    /// @param reason one word
    /// @param message one sentence that says what to do
    record Park(String reason, String message) implements Stop {

        /// Because there is no credit: the provider's, or what the job's own key may spend.
        static Park spent(Failure last) {
            return new Park(
                    KeyAccount.SPENT.equals(last.providerCode())
                            ? KeyAccount.SPENT
                            : last.kind().code(),
                    last.message());
        }

        /// Because the provider refuses whatever is asked.
        static Park refused(Failure last) {
            return last.kind() == FailureKind.AUTHENTICATION
                    ? new Park(last.kind().code(), last.message())
                    : new Park(
                            "refused",
                            "No call is answered: check OPENAI_BASE_URL, the model, and what the key"
                                    + " may use. The last one's failure: "
                                    + last.message()
                                    + (last.message().endsWith(".") ? "" : "."));
        }
    }
}
