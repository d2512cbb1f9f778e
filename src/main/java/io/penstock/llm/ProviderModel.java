package io.penstock.llm;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import io.quarkus.arc.Arc;
import io.quarkus.arc.Unremovable;
import io.vertx.core.buffer.Buffer;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.Supplier;
import java.util.zip.ZipException;

/// The provider as a LangChain4j model: OpenAI's chat completions, whole or streamed, one HTTP
/// request each, and one more where the first was refused for a field that nobody had asked for.
/// Thread-safe.
///
/// A streamed call blocks like any other until the answer is whole and hands over its deltas on the
/// way, so that timeout, bulkhead and retry guard both alike.
@ApplicationScoped
@Unremovable
class ProviderModel implements ChatModel {

    private static final Duration DRAIN = Duration.ofMillis(50);

    private final Provider provider;
    private final Endpoint endpoint;
    private final Dialects dialects;
    private final long maxAnswer;
    private final LlmConfig.MaxTokensField maxTokensField;

    ProviderModel(Provider provider, Endpoint endpoint, Dialects dialects, LlmConfig config) {
        this.provider = provider;
        this.endpoint = endpoint;
        this.dialects = dialects;
        this.maxAnswer = config.maxAnswer().asLongValue();
        this.maxTokensField = config.maxTokensField();
    }

    @Override
    public ChatResponse doChat(ChatRequest request) {
        Call call = Call.current();
        try {
            Completion completion = ask(request, call);
            call.completed(completion);
            return ChatResponse.builder().aiMessage(AiMessage.from(completion.text())).build();
        } catch (InterruptedException interrupted) {
            // By the attempt's timeout or by the caller's cancellation: the layers above know
            // which.
            Thread.currentThread().interrupt();
            throw new LlmException(
                    Failure.of(FailureKind.CANCELLED, "The call was cancelled."), call);
        }
    }

    private Completion ask(ChatRequest request, Call call) throws InterruptedException {
        while (true) {
            RequestBody body =
                    RequestBody.of(
                            call,
                            request.messages(),
                            maxTokensField,
                            dialects.refusedBy(call.model()));
            call.attempted();
            try (Exchange exchange =
                    provider.post(body.json(), call.streams(), call::spentOutside)) {
                Exchange.Head head = head(exchange, call);
                byte[] error = head.isSuccess() ? null : exchange.error(call.deadline());
                Outcome outcome =
                        error == null
                                ? read(exchange, head, call)
                                : ProviderFailure.of(head, error, endpoint);
                if (outcome instanceof Completion completion) {
                    return completion;
                }
                Failure failure = (Failure) outcome;
                String said =
                        error == null
                                ? failure.message()
                                : new String(error, StandardCharsets.UTF_8);
                if (call.streamed()
                        || !dialects.learn(call.model(), body.added(), failure.status(), said)) {
                    throw new LlmException(failure, call);
                }
            }
        }
    }

    private Exchange.Head head(Exchange exchange, Call call) throws InterruptedException {
        Exchange.Head head;
        try {
            head = exchange.head(call.deadline());
        } catch (IOException broken) {
            throw new LlmException(ProviderFailure.unreachable(endpoint, broken), call);
        }
        if (head == null) {
            throw new LlmException(Llm.deadlineExceeded(), call);
        }
        call.learned(head);
        return head;
    }

    private Outcome read(Exchange exchange, Exchange.Head head, Call call)
            throws InterruptedException {
        AnswerReader reader =
                new AnswerReader(Answer.to(call, head, endpoint), head, endpoint, maxAnswer);
        boolean isBroken = false;
        try {
            boolean wantsMore = true;
            while (wantsMore) {
                Buffer piece = exchange.next(call.deadline());
                if (piece == null) {
                    throw new LlmException(Llm.deadlineExceeded(), call);
                }
                wantsMore = piece.length() > 0 && reader.add(piece);
            }
        } catch (IOException broken) {
            isBroken = true;
        }
        Outcome outcome = reader.end(isBroken);
        return reader.isDone() && !isBroken && !drain(exchange) ? ProviderFailure.cut() : outcome;
    }

    /// Reads what follows `[DONE]`, which is nothing but the end of the body: then the connection
    /// can be used again. A provider that is slow to end it loses the connection, not the answer.
    ///
    /// @return false when the end says that the answer was damaged
    private static boolean drain(Exchange exchange) throws InterruptedException {
        try {
            Deadline soon = Deadline.in(DRAIN);
            Buffer rest = exchange.next(soon);
            if (rest != null && rest.length() > 0) {
                exchange.next(soon);
            }
        } catch (ZipException damaged) {
            return false;
        } catch (IOException broken) {
            // The answer is whole.
        }
        return true;
    }

    /// Gives the AI service this model; public with a public constructor, as the LangChain4j
    /// extension makes it.
    public static final class Source implements Supplier<ChatModel> {

        @Override
        public ChatModel get() {
            return Arc.container().instance(ProviderModel.class).get();
        }
    }
}
