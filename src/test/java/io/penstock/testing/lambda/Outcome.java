package io.penstock.testing.lambda;

/// How an invocation of a function went.
public sealed interface Outcome {

    /// @param body JSON, or nothing at all
    record Answered(String body) implements Outcome {}

    /// The function reports an error, or has ended, or was ended at its timeout.
    record Failed(String why) implements Outcome {}

    /// All environments are busy.
    record Throttled() implements Outcome {}
}
