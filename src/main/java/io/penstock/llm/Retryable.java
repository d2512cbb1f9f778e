package io.penstock.llm;

import java.util.function.Predicate;

/// Tells the retry layer whether another attempt makes sense, as [Call#failed] has found.
///
/// Public with a public constructor, as the fault tolerance runtime makes it.
public final class Retryable implements Predicate<Throwable> {

    @Override
    public boolean test(Throwable thrown) {
        return thrown instanceof LlmException failed && failed.longestPause() != null;
    }
}
