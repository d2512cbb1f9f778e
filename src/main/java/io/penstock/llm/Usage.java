package io.penstock.llm;

/// What a completion cost, in tokens, as the provider counted them.
public record Usage(int promptTokens, int completionTokens, int totalTokens) {}
