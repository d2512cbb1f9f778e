package io.penstock.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.access.KeyAccount;
import io.penstock.llm.Llm;
import io.penstock.llm.LlmConfig;
import io.penstock.llm.PromptReader;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Opens sockets, whichever door they come through. Thread-safe.
@ApplicationScoped
public class Sockets {

    private final SocketStreams.Shared shared;
    private final Duration deadline;

    Sockets(Llm llm, PromptReader prompts, Bodies bodies, HttpConfig config, LlmConfig llmConfig) {
        this.shared = new SocketStreams.Shared(llm, prompts, bodies, config.maxStreamsPerSocket());
        this.deadline = llmConfig.deadline();
    }

    /// A socket all of whose prompts run in this process.
    ///
    /// @param client see [SocketStreams]
    /// @param account on which its prompts are; null where callers need no key
    SocketStreams open(Consumer<ObjectNode> client, @Nullable KeyAccount account) {
        return new SocketStreams(shared, client, null, null, account);
    }

    /// A socket whose prompts run in several processes, or this process's part of it.
    ///
    /// @param elsewhere null where the processes know nothing of each other
    /// @param client takes a frame and returns when there is room for the next; what it throws ends
    ///   the prompt
    /// @param longest bounds each prompt
    public SocketStreams open(
            Consumer<ObjectNode> client,
            SocketStreams.@Nullable OtherProcesses elsewhere,
            Duration longest) {
        return new SocketStreams(
                shared,
                client,
                elsewhere,
                longest.compareTo(deadline) < 0 ? longest : deadline,
                null);
    }
}
