package io.penstock.batch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.llm.Prompt;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// One prompt of a batch.
///
/// @param customId the caller's own name for it
/// @param limit for the whole call; null for the configured one
/// @param arguments of the job's task; null where it runs none
public record Item(
        @Nullable String customId,
        Prompt prompt,
        @Nullable Duration limit,
        @Nullable ObjectNode arguments) {

    /// An item that is no row of a task.
    public Item(@Nullable String customId, Prompt prompt, @Nullable Duration limit) {
        this(customId, prompt, limit, null);
    }

    /// The text with which a pipeline begins. A pipeline takes no items of another form.
    String input() {
        return switch (prompt) {
            case Prompt.Text asked -> asked.text();
            case Prompt.PassedOn _ ->
                    throw new IllegalStateException("A pipeline takes no whole requests.");
        };
    }
}
