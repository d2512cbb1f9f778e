package io.penstock.batch;

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
    record Park(String reason, String message) implements Stop {}
}
