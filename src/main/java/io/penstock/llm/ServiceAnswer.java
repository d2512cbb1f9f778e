package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.exception.AuthenticationException;
import dev.langchain4j.exception.ContentFilteredException;
import dev.langchain4j.exception.InternalServerException;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.exception.TimeoutException;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.openai.OpenAiChatResponseMetadata;
import dev.langchain4j.model.openai.OpenAiTokenUsage;
import dev.langchain4j.model.openai.internal.OpenAiUtils;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// An answer of the provider as LangChain4j's users see it.
///
/// @param whole OpenAI's `chat.completion` object (API reference)
record ServiceAnswer(Completion completion, JsonNode whole) {

    static final Failure DECLINED =
            Failure.of(FailureKind.CONTENT_FILTER, "The model declined to answer.");

    private JsonNode message() {
        return whole.path("choices").path(0).path("message");
    }

    /// Why the model declined; null where it did not.
    @Nullable String refusal() {
        String refusal = MessageText.refusal(message());
        return refusal.isBlank() ? null : refusal;
    }

    String text() {
        String text = MessageText.of(message());
        return text == null ? "" : SurrogatePairs.whole(text);
    }

    List<ToolExecutionRequest> calls() {
        List<ToolExecutionRequest> calls = new ArrayList<>();
        for (JsonNode call : message().path("tool_calls")) {
            calls.add(
                    ToolExecutionRequest.builder()
                            .id(call.path("id").asText())
                            .name(call.path("function").path("name").asText())
                            .arguments(call.path("function").path("arguments").asText())
                            .build());
        }
        return calls;
    }

    /// @throws ContentFilteredException when the model declined
    ChatResponse response() {
        if (refusal() != null) {
            throw failed(DECLINED);
        }
        List<ToolExecutionRequest> calls = calls();
        String text = text();
        JsonNode thought = message().path("reasoning_content");
        AiMessage said =
                AiMessage.builder()
                        // As LangChain4j's own model has it, which sends the message again with the
                        // tools' results: servers refuse an empty text.
                        .text(text.isEmpty() && !calls.isEmpty() ? null : text)
                        .thinking(thought.isTextual() ? thought.textValue() : null)
                        .toolExecutionRequests(calls)
                        .build();
        return ChatResponse.builder()
                .aiMessage(said)
                .metadata(
                        OpenAiChatResponseMetadata.builder()
                                .id(completion.id())
                                .modelName(completion.model())
                                .finishReason(
                                        OpenAiUtils.finishReasonFrom(completion.finishReason()))
                                .tokenUsage(usage())
                                .created(
                                        whole.path("created").isIntegralNumber()
                                                ? (Long) whole.path("created").longValue()
                                                : null)
                                .serviceTier(whole.path("service_tier").textValue())
                                .systemFingerprint(whole.path("system_fingerprint").textValue())
                                .build())
                .build();
    }

    private @Nullable OpenAiTokenUsage usage() {
        Usage usage = completion.usage();
        return usage == null
                ? null
                : OpenAiTokenUsage.builder()
                        .inputTokenCount(count(usage.promptTokens()))
                        .inputTokensDetails(
                                OpenAiTokenUsage.InputTokensDetails.builder()
                                        .cachedTokens(count(usage.cachedTokens()))
                                        .build())
                        .outputTokenCount(count(usage.completionTokens()))
                        .outputTokensDetails(
                                OpenAiTokenUsage.OutputTokensDetails.builder()
                                        .reasoningTokens(count(usage.reasoningTokens()))
                                        .build())
                        .totalTokenCount(count(usage.totalTokens()))
                        .build();
    }

    private static int count(long tokens) {
        return (int) Math.min(Integer.MAX_VALUE, tokens);
    }

    /// As LangChain4j's own models fail, so that `@Retry` and `@Fallback` can tell them apart.
    static LangChain4jException failed(Failure failure) {
        FailedCall cause = new FailedCall(failure);
        String message = failure.message();
        return switch (failure.kind()) {
            case RATE_LIMITED, REJECTED, QUOTA_EXHAUSTED -> new RateLimitException(message, cause);
            case TIMEOUT, DEADLINE_EXCEEDED -> new TimeoutException(message, cause);
            case AUTHENTICATION -> new AuthenticationException(message, cause);
            case INVALID_REQUEST -> new InvalidRequestException(message, cause);
            case CONTENT_FILTER -> new ContentFilteredException(message, cause);
            case OVERLOADED, SERVER, TRANSPORT, TRUNCATED ->
                    new InternalServerException(message, cause);
            case LENGTH, UNEXPECTED_ANSWER, INVALID_ANSWER, TASK_FAILED, CANCELLED ->
                    new LangChain4jException(message, cause);
        };
    }
}
