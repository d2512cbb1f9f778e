package io.penstock.llm;

/// What an attempt has used that came to no answer: it is paid for all the same. Immutable.
///
/// @param model the model that served it, as the provider names it, or else the one that was asked
public record UsedInVain(String model, Usage usage) {}
