package io.penstock.llm;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What the answers to a piece of [Work] have to be like. Immutable as long as nobody writes to the
/// format.
///
/// @param responseFormat OpenAI's `response_format`; null for none. It takes the place of whatever
///   the AI service asks for
/// @param misfit says of an answer's text what is wrong with it; null for nothing
/// @param again how often a model is asked again whose answer does not fit
public record Wanted(
        @Nullable ObjectNode responseFormat,
        Function<String, @Nullable String> misfit,
        int again) {}
