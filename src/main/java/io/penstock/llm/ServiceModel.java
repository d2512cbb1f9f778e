package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.exception.AuthenticationException;
import dev.langchain4j.exception.ContentFilteredException;
import dev.langchain4j.exception.InternalServerException;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.exception.TimeoutException;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.openai.OpenAiChatRequestParameters;
import dev.langchain4j.model.openai.internal.OpenAiUtils;
import dev.langchain4j.model.output.TokenUsage;
import io.penstock.json.Json;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Any;
import jakarta.enterprise.inject.Instance;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The model behind the application's own AI services: every request goes through [Llm], like any
/// other prompt. Thread-safe.
///
/// It takes the place of the default model of `quarkus-langchain4j-openai`, whose client shows
/// neither `Retry-After` nor ends a request that nobody waits for.
@ApplicationScoped
public class ServiceModel implements ChatModel {

    /// The extension asks for the wrapper's schema where a method returns `Result<T>` (1.10.0).
    private static final String WRAPPER = "Result";

    private static final ObjectMapper REQUESTS = new ObjectMapper();

    private final Llm llm;
    private final LlmConfig config;
    private final Prices prices;
    private final List<ChatModelListener> listeners;

    ServiceModel(
            Llm llm, LlmConfig config, Prices prices, @Any Instance<ChatModelListener> listeners) {
        this.llm = llm;
        this.config = config;
        this.prices = prices;
        this.listeners = listeners.stream().toList();
    }

    @Override
    public ModelProvider provider() {
        return ModelProvider.OPEN_AI;
    }

    @Override
    public Set<Capability> supportedCapabilities() {
        return Set.of(Capability.RESPONSE_FORMAT_JSON_SCHEMA);
    }

    @Override
    public List<ChatModelListener> listeners() {
        return listeners;
    }

    /// Answers when the whole answer is there.
    ///
    /// @throws LangChain4jException whose cause is a [FailedCall] or an [UnfitAnswer]
    @Override
    public ChatResponse doChat(ChatRequest request) {
        Work found = WorkInHand.current();
        Work work = found == null ? Work.of(null, null, null) : found;
        Wanted wanted = work.wanted();
        ObjectNode body = body(request, wanted);
        for (int again = wanted == null ? 0 : wanted.again(); ; again--) {
            Completion completion = complete(work, body);
            AiMessage message = said(completion);
            String misfit =
                    wanted == null || message.hasToolExecutionRequests()
                            ? null
                            : wanted.misfit().apply(completion.text());
            if (misfit == null) {
                return response(message, completion);
            }
            if (again <= 0) {
                UnfitAnswer unfit = new UnfitAnswer(misfit, completion.text());
                throw new LangChain4jException(unfit.getMessage(), unfit);
            }
        }
    }

    private static ObjectNode body(ChatRequest request, @Nullable Wanted wanted) {
        OpenAiChatRequestParameters parameters =
                OpenAiChatRequestParameters.builder().overrideWith(request.parameters()).build();
        ObjectNode body =
                REQUESTS.valueToTree(
                        OpenAiUtils.toOpenAiChatRequest(request, parameters, false, false).build());
        if (wanted != null) {
            body.remove("response_format");
            if (wanted.responseFormat() != null) {
                body.set("response_format", wanted.responseFormat());
            }
        } else if (body.path("response_format")
                .path("json_schema")
                .path("name")
                .asText()
                .equals(WRAPPER)) {
            body.remove("response_format");
        }
        return body;
    }

    private Completion complete(Work work, ObjectNode body) {
        Call call = work.begin(Prompt.of(body), config.deadline());
        Outcome outcome = llm.complete(call);
        work.ended(call, outcome, costs(outcome));
        if (work.wanted() != null && outcome instanceof Completion done) {
            outcome = usable(done);
        }
        return switch (outcome) {
            case Completion done -> done;
            case Failure failure -> throw thrown(failure);
        };
    }

    private long costs(Outcome outcome) {
        return outcome instanceof Completion done && done.usage() != null
                ? prices.nanos(done.model(), done.usage())
                : 0;
    }

    /// Of a whole request every end is an answer; to what is wanted, only what came to its own end.
    private static Outcome usable(Completion done) {
        return switch (FinishReason.of(done.finishReason())) {
            case CUT ->
                    Failure.of(
                            FailureKind.LENGTH,
                            "The model's answer was cut at its token limit; ask for less, or raise the"
                                    + " limit.");
            case FILTERED ->
                    Failure.of(
                            FailureKind.CONTENT_FILTER,
                            "The provider's filter stopped the answer.");
            case null, default ->
                    message(done).path("refusal").isTextual()
                            ? Failure.of(
                                    FailureKind.CONTENT_FILTER, "The model declined to answer.")
                            : done;
        };
    }

    private static JsonNode message(Completion completion) {
        return Json.read(String.valueOf(completion.body())).path("choices").path(0).path("message");
    }

    private static AiMessage said(Completion completion) {
        JsonNode message = message(completion);
        List<ToolExecutionRequest> calls = new ArrayList<>();
        for (JsonNode call : message.path("tool_calls")) {
            calls.add(
                    ToolExecutionRequest.builder()
                            .id(call.path("id").asText())
                            .name(call.path("function").path("name").asText())
                            .arguments(call.path("function").path("arguments").asText())
                            .build());
        }
        return AiMessage.builder().text(completion.text()).toolExecutionRequests(calls).build();
    }

    private static ChatResponse response(AiMessage message, Completion completion) {
        Usage usage = completion.usage();
        return ChatResponse.builder()
                .aiMessage(message)
                .id(completion.id())
                .modelName(completion.model())
                .finishReason(OpenAiUtils.finishReasonFrom(completion.finishReason()))
                .tokenUsage(
                        usage == null
                                ? null
                                : new TokenUsage(
                                        Math.toIntExact(usage.promptTokens()),
                                        Math.toIntExact(usage.completionTokens()),
                                        Math.toIntExact(usage.totalTokens())))
                .build();
    }

    /// As LangChain4j's own models fail, so that `@Retry` and `@Fallback` can tell them apart.
    private static LangChain4jException thrown(Failure failure) {
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
            default -> new LangChain4jException(message, cause);
        };
    }
}
