package io.penstock.llm;

import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What a door asks for; it never changes.
///
/// @param limit for the whole call with all attempts and waits, or null for the configured one
/// @param deltas takes the answer piece by piece; null for the whole answer at once
/// @param job the batch that the call belongs to; null for a call that somebody waits for
/// @param stage the pipeline's stage that the call belongs to; null for a single call
record Ask(
        Prompt prompt,
        @Nullable Duration limit,
        @Nullable Consumer<String> deltas,
        Call.@Nullable JobTerms job,
        Call.@Nullable StageTerms stage) {}
