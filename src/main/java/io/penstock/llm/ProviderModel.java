package io.penstock.llm;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import io.quarkus.arc.Arc;
import io.quarkus.arc.Unremovable;
import io.vertx.core.buffer.Buffer;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The provider as a LangChain4j model: OpenAI's chat completions, whole or streamed, one HTTP
/// request each. Thread-safe.
///
/// A streamed call blocks like any other until the answer is whole and hands over its deltas on the
/// way, so that timeout, bulkhead and retry guard both alike.
///
/// Wire format: OpenAI API reference, "Chat Completions", object and streaming.
@ApplicationScoped
@Unremovable
class ProviderModel implements ChatModel {

    /// An error body at most; longer ones are cut.
    private static final int ERROR_BYTES = 64 * 1024;

    private static final Duration ASKING = Duration.ofSeconds(10);
    private static final Duration ERROR_WAIT = Duration.ofSeconds(1);
    private static final Duration DRAIN = Duration.ofMillis(50);

    /// Bodies are bounded before they are parsed.
    private static final ObjectMapper JSON =
            JsonMapper.builder(
                            JsonFactory.builder()
                                    .streamReadConstraints(
                                            StreamReadConstraints.builder()
                                                    .maxStringLength(Integer.MAX_VALUE)
                                                    .build())
                                    .build())
                    // Numbers are passed on to the last digit.
                    .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                    .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
                    .build();

    private final Provider provider;
    private final Endpoint endpoint;
    private final long maxAnswer;
    private final String maxTokensField;

    ProviderModel(Provider provider, Endpoint endpoint, LlmConfig config) {
        this.provider = provider;
        this.endpoint = endpoint;
        this.maxAnswer = config.maxAnswer().asLongValue();
        this.maxTokensField = config.maxTokensField().wireName();
    }

    @Override
    public ChatResponse doChat(ChatRequest request) {
        Call call = Call.current();
        Buffer body = body(request, call);
        call.attempted();
        try (Exchange exchange = provider.post(body, call)) {
            Completion completion = read(exchange, call);
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

    /// Asks for something that costs nothing, such as `/models`.
    ///
    /// @return null when the answer is no JSON
    /// @throws LlmException when there is none
    @Nullable JsonNode get(String path) throws InterruptedException {
        Call call = Call.of(Prompt.of(path), ASKING);
        call.start(Instant.now(), ASKING, path);
        try (Exchange exchange = provider.get(path, call)) {
            head(exchange, call);
            return parse(wholeBody(exchange, call));
        }
    }

    private Completion read(Exchange exchange, Call call) throws InterruptedException {
        Exchange.Head head = head(exchange, call);
        String contentType = head.headers().get("content-type");
        boolean json = contentType == null || contentType.contains("json");
        Answer answer = Answer.to(call, head, endpoint);
        if (call.streams() && !json) {
            readEvents(exchange, call, answer);
        } else {
            byte[] body = wholeBody(exchange, call);
            answer.whole(parse(body), body);
        }
        return answer.completion();
    }

    /// The head of an answer that is none of an error.
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
        call.learned(RateHeaders.read(head.headers()));
        if (head.status() < 200 || head.status() > 299) {
            throw new LlmException(
                    ProviderFailure.of(head, parse(errorBody(exchange, call)), endpoint), call);
        }
        return head;
    }

    private void readEvents(Exchange exchange, Call call, Answer answer)
            throws InterruptedException {
        Events events = new Events();
        long size = 0;
        try {
            while (true) {
                Buffer piece = next(exchange, call);
                if (piece.length() == 0) {
                    return;
                }
                size += piece.length();
                if (size > maxAnswer) {
                    throw new LlmException(ProviderFailure.tooLong(maxAnswer), call);
                }
                events.add(piece);
                for (String data = events.next(); data != null; data = events.next()) {
                    if ("[DONE]".equals(data)) {
                        answer.done();
                        drain(exchange);
                        return;
                    }
                    answer.chunk(parse(data.getBytes(StandardCharsets.UTF_8)), data);
                }
            }
        } catch (IOException broken) {
            if (!answer.isFinished()) {
                throw new LlmException(ProviderFailure.cut(), call);
            }
        }
    }

    /// Reads what follows `[DONE]`, which is nothing but the end of the body: then the connection
    /// can be used again. A provider that is slow to end it loses the connection, not the answer.
    private static void drain(Exchange exchange) throws InterruptedException {
        try {
            Instant soon = Instant.now().plus(DRAIN);
            Buffer rest = exchange.next(soon);
            if (rest != null && rest.length() > 0) {
                exchange.next(soon);
            }
        } catch (IOException broken) {
            // The answer is whole.
        }
    }

    private byte[] wholeBody(Exchange exchange, Call call) throws InterruptedException {
        Buffer whole = Buffer.buffer();
        try {
            for (Buffer piece = next(exchange, call);
                    piece.length() > 0;
                    piece = next(exchange, call)) {
                if (whole.length() + (long) piece.length() > maxAnswer) {
                    throw new LlmException(ProviderFailure.tooLong(maxAnswer), call);
                }
                whole.appendBuffer(piece);
            }
        } catch (IOException broken) {
            throw new LlmException(ProviderFailure.cut(), call);
        }
        return whole.getBytes();
    }

    /// What an error's body says, as far as it comes soon: status and headers say enough to go on.
    private static byte[] errorBody(Exchange exchange, Call call) throws InterruptedException {
        Instant soon = Instant.now().plus(ERROR_WAIT);
        Instant latest = soon.isBefore(call.deadline()) ? soon : call.deadline();
        Buffer whole = Buffer.buffer();
        try {
            for (Buffer piece = exchange.next(latest);
                    piece != null && piece.length() > 0 && whole.length() < ERROR_BYTES;
                    piece = exchange.next(latest)) {
                whole.appendBuffer(piece);
            }
        } catch (IOException broken) {
            // The status says enough.
        }
        return whole.getBytes();
    }

    private static Buffer next(Exchange exchange, Call call)
            throws IOException, InterruptedException {
        Buffer piece = exchange.next(call.deadline());
        if (piece == null) {
            throw new LlmException(Llm.deadlineExceeded(), call);
        }
        return piece;
    }

    /// @return null when the bytes are not a JSON document
    private static @Nullable JsonNode parse(byte[] bytes) {
        try {
            return JSON.readTree(bytes);
        } catch (JsonProcessingException notJson) {
            return null;
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    private Buffer body(ChatRequest request, Call call) {
        Prompt prompt = call.prompt();
        if (prompt.request() != null) {
            return written(whole(prompt.request(), call));
        }
        ObjectNode body = JSON.createObjectNode();
        body.put("model", prompt.model());
        ArrayNode messages = body.putArray("messages");
        if (prompt.system() != null) {
            message(messages, "system", prompt.system());
        }
        for (ChatMessage message : request.messages()) {
            switch (message) {
                case SystemMessage system -> message(messages, "system", system.text());
                case UserMessage user -> message(messages, "user", user.singleText());
                default ->
                        throw new IllegalStateException(
                                "No prompt holds a message of type " + message.type());
            }
        }
        if (prompt.temperature() != null) {
            body.put("temperature", prompt.temperature());
        }
        if (prompt.maxTokens() != null) {
            body.put(maxTokensField, prompt.maxTokens());
        }
        if (prompt.responseFormat() != null) {
            body.set("response_format", prompt.responseFormat());
        }
        if (call.streams()) {
            body.put("stream", true);
            body.putObject("stream_options").put("include_usage", true);
        }
        return written(body);
    }

    /// The caller's own request, changed where it must be.
    private static ObjectNode whole(ObjectNode request, Call call) {
        ObjectNode body = JSON.createObjectNode();
        body.setAll(request);
        body.put("model", call.prompt().model());
        if (call.streams()) {
            // What a stream has used is counted like everything else.
            ObjectNode options = JSON.createObjectNode();
            if (request.get("stream_options") instanceof ObjectNode asked) {
                options.setAll(asked);
            }
            body.put("stream", true).set("stream_options", options.put("include_usage", true));
        }
        return body;
    }

    private static Buffer written(ObjectNode body) {
        try {
            return Buffer.buffer(JSON.writeValueAsBytes(body));
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException("A tree of JSON nodes is always writable", impossible);
        }
    }

    private static void message(ArrayNode messages, String role, String content) {
        messages.addObject().put("role", role).put("content", content);
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
