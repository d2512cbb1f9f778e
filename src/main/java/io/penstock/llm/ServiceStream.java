package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.PartialThinking;
import dev.langchain4j.model.chat.response.PartialThinkingContext;
import dev.langchain4j.model.chat.response.PartialToolCall;
import dev.langchain4j.model.chat.response.PartialToolCallContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import io.penstock.json.Json;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Hands a stream's pieces to a handler of LangChain4j's. Used by the thread that runs the call;
/// its handle from any.
final class ServiceStream implements StreamingHandle {

    private final StreamingChatResponseHandler handler;
    private final ChunkSum sum = new ChunkSum();
    private final Map<Integer, ToolExecutionRequest> tools = new TreeMap<>();
    private @Nullable RuntimeException untaken;
    private volatile @Nullable Call call;
    private volatile boolean cancelled;

    ServiceStream(StreamingChatResponseHandler handler) {
        this.handler = handler;
    }

    void of(Call its) {
        call = its;
    }

    /// Ends the call, and its request at the provider.
    @Override
    public void cancel() {
        cancelled = true;
        Call its = call;
        if (its != null) {
            its.cancel();
        }
    }

    @Override
    public boolean isCancelled() {
        return cancelled;
    }

    /// Takes one chunk.
    void chunk(String json) {
        JsonNode chunk = Json.read(json);
        sum.add(chunk);
        JsonNode delta = chunk.path("choices").path(0).path("delta");
        try {
            text(delta);
            for (JsonNode part : delta.path("tool_calls")) {
                tool(part);
            }
        } catch (RuntimeException thrown) {
            untaken = thrown;
            throw thrown;
        }
    }

    private void text(JsonNode delta) {
        String thought = delta.path("reasoning_content").asText("");
        if (!thought.isEmpty() && !cancelled) {
            handler.onPartialThinking(
                    new PartialThinking(thought), new PartialThinkingContext(this));
        }
        String text = MessageText.of(delta);
        if (text != null && !text.isEmpty() && !cancelled) {
            handler.onPartialResponse(new PartialResponse(text), new PartialResponseContext(this));
        }
    }

    private void tool(JsonNode part) {
        int index = part.path("index").asInt();
        ToolExecutionRequest known = tools.get(index);
        ToolExecutionRequest more =
                ToolExecutionRequest.builder()
                        .id(known == null ? part.path("id").asText() : known.id())
                        .name(
                                known == null
                                        ? part.path("function").path("name").asText()
                                        : known.name())
                        .build();
        tools.put(index, more);
        String arguments = part.path("function").path("arguments").asText("");
        if (!arguments.isEmpty() && !cancelled) {
            handler.onPartialToolCall(
                    PartialToolCall.builder()
                            .index(index)
                            .id(more.id())
                            .name(more.name())
                            .partialArguments(arguments)
                            .build(),
                    new PartialToolCallContext(this));
        }
    }

    /// Tells the handler how it ended; nothing, when the handler has ended it.
    void end(Outcome outcome) {
        if (cancelled) {
            return;
        }
        switch (outcome) {
            case Completion completion ->
                    completed(new ServiceAnswer(completion, sum.completion()));
            case Failure failure ->
                    handler.onError(untaken != null ? untaken : ServiceAnswer.failed(failure));
        }
    }

    private void completed(ServiceAnswer answer) {
        try {
            List<ToolExecutionRequest> calls = answer.calls();
            for (int i = 0; i < calls.size(); i++) {
                handler.onCompleteToolCall(new CompleteToolCall(i, calls.get(i)));
            }
            handler.onCompleteResponse(answer.response());
        } catch (RuntimeException thrown) {
            handler.onError(thrown);
        }
    }
}
