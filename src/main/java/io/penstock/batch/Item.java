package io.penstock.batch;

import io.penstock.llm.Prompt;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// One prompt of a batch.
///
/// @param customId the caller's own name for it
/// @param limit for the whole call; null for the configured one
public record Item(@Nullable String customId, Prompt prompt, @Nullable Duration limit) {

    /// The text with which a pipeline begins. A pipeline takes no items of another form.
    String input() {
        return switch (prompt) {
            case Prompt.Text asked -> asked.text();
            case Prompt.PassedOn _ ->
                    throw new IllegalStateException("A pipeline takes no whole requests.");
        };
    }
}
