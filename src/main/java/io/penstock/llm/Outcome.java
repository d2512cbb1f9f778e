package io.penstock.llm;

/// How a call ended: with the model's answer or with a reason why there is none. Every call that
/// starts ends in one.
public sealed interface Outcome permits Completion, Failure {}
