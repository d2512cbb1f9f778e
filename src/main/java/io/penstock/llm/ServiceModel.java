package io.penstock.llm;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatRequestParameters;
import dev.langchain4j.model.openai.internal.OpenAiUtils;
import io.penstock.access.KeyAccount;
import io.penstock.json.Json;
import io.smallrye.config.SmallRyeConfig;
import jakarta.enterprise.inject.Any;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.eclipse.microprofile.config.Config;
import org.jspecify.annotations.Nullable;

/// The model behind the application's own AI services, and behind each `ChatModel` and
/// `StreamingChatModel` that is injected: every request goes through [Llm], like any other prompt.
/// Thread-safe.
///
/// It takes the place of the default model of `quarkus-langchain4j-openai`, whose client shows
/// neither `Retry-After` nor ends a request that nobody waits for, and goes by the same settings,
/// see [ModelSettings].
@Singleton
public class ServiceModel implements ChatModel, StreamingChatModel {

    /// The extension asks for the wrapper's schema where a method returns `Result<T>` (1.10.0).
    private static final String WRAPPER = "Result";

    private static final ObjectMapper REQUESTS = new ObjectMapper();

    private final Llm llm;
    private final LlmConfig config;
    private final Prices prices;
    private final List<ChatModelListener> listeners;
    private final SmallRyeConfig all;
    private final ModelSettings settings;

    @Inject
    ServiceModel(
            Llm llm,
            LlmConfig config,
            Prices prices,
            @Any Instance<ChatModelListener> listeners,
            Config all) {
        this.llm = llm;
        this.config = config;
        this.prices = prices;
        this.listeners = listeners.stream().toList();
        this.all = all.unwrap(SmallRyeConfig.class);
        this.settings = ModelSettings.of(this.all);
    }

    /// One with a name, and with its settings.
    ServiceModel(ServiceModel other, String name) {
        this.llm = other.llm;
        this.config = other.config;
        this.prices = other.prices;
        this.listeners = other.listeners;
        this.all = other.all;
        this.settings = ModelSettings.of(all, name);
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

    /// What is configured for this model.
    @Override
    public ChatRequestParameters defaultRequestParameters() {
        return settings.parameters();
    }

    /// Answers when the whole answer is there.
    ///
    /// @throws LangChain4jException whose cause is a [FailedCall] or an [UnfitAnswer]
    @Override
    public ChatResponse doChat(ChatRequest request) {
        Work work = work();
        Wanted wanted = work.wanted();
        ObjectNode body = body(request, wanted);
        for (int again = wanted == null ? 0 : wanted.again(); ; again--) {
            ServiceAnswer answer = answer(work, body);
            String misfit =
                    wanted == null || !answer.calls().isEmpty()
                            ? null
                            : wanted.misfit().apply(answer.text());
            if (misfit == null) {
                return answer.response();
            }
            if (again <= 0) {
                UnfitAnswer unfit = new UnfitAnswer(misfit, answer.text());
                throw new LangChain4jException(unfit.getMessage(), unfit);
            }
        }
    }

    /// Returns at once; the handler is called in a thread of the call's own. Its handle ends the
    /// request at the provider.
    @Override
    public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
        Work work = work();
        ServiceStream stream = new ServiceStream(handler);
        Call call = begin(work, body(request, work.wanted()), stream::chunk);
        stream.of(call);
        Thread.ofVirtual().name("penstock-stream").start(() -> stream.end(complete(work, call)));
    }

    private static Work work() {
        Work found = WorkInHand.current();
        if (found != null) {
            return found;
        }
        Work own = Work.of(null, null, null);
        own.on(KeyAccount.current());
        return own;
    }

    private ObjectNode body(ChatRequest request, @Nullable Wanted wanted) {
        OpenAiChatRequestParameters parameters =
                OpenAiChatRequestParameters.builder().overrideWith(request.parameters()).build();
        ObjectNode body =
                REQUESTS.valueToTree(
                        OpenAiUtils.toOpenAiChatRequest(
                                        request, parameters, settings.strict(), settings.strict())
                                .build());
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

    private Call begin(Work work, ObjectNode body, @Nullable Consumer<String> deltas) {
        return work.begin(Prompt.of(body), config.deadline(), deltas);
    }

    private Outcome complete(Work work, Call call) {
        Outcome outcome = KeyAccount.on(work.account(), () -> llm.complete(call));
        work.ended(
                call,
                outcome,
                outcome instanceof Completion done && done.usage() != null
                        ? Math.max(0, prices.nanos(done.model(), call.asked(), done.usage()))
                        : 0);
        return outcome;
    }

    private ServiceAnswer answer(Work work, ObjectNode body) {
        return switch (complete(work, begin(work, body, null))) {
            case Completion done -> {
                ServiceAnswer answer =
                        new ServiceAnswer(done, Json.read(String.valueOf(done.body())));
                Failure unusable = work.wanted() == null ? null : unusable(answer);
                if (unusable != null) {
                    throw ServiceAnswer.failed(unusable);
                }
                yield answer;
            }
            case Failure failure -> throw ServiceAnswer.failed(failure);
        };
    }

    /// Of a whole request every end is an answer; to what is wanted, only what came to its own end.
    private static @Nullable Failure unusable(ServiceAnswer answer) {
        return switch (FinishReason.of(answer.completion().finishReason())) {
            case CUT ->
                    Failure.of(
                            FailureKind.LENGTH,
                            "The model's answer was cut at its token limit; ask for less, or raise the"
                                    + " limit.");
            case FILTERED ->
                    Failure.of(
                            FailureKind.CONTENT_FILTER,
                            "The provider's filter stopped the answer.");
            case null, default -> answer.refusal() == null ? null : ServiceAnswer.DECLINED;
        };
    }
}
