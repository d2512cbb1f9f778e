package io.penstock.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.langchain4j.agent.tool.Tool;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.ContentFilteredException;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.listener.ChatModelResponseContext;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatResponseMetadata;
import dev.langchain4j.model.openai.OpenAiTokenUsage;
import dev.langchain4j.model.output.FinishReason;
import io.penstock.testing.PenstockTest;
import io.quarkiverse.langchain4j.ModelName;
import io.quarkiverse.langchain4j.RegisterAiService;
import io.quarkiverse.langchain4j.ToolBox;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.context.control.ActivateRequestContext;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/// The model that the application's own AI services get, from their side and the provider's.
@QuarkusTest
@TestProfile(ServiceModelQuarkusTest.Named.class)
class ServiceModelQuarkusTest extends PenstockTest {

    /// Settings of the extension's own.
    public static class Named implements QuarkusTestProfile {

        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of(
                    "quarkus.langchain4j.openai.chat-model.model-name", "large-model",
                    "quarkus.langchain4j.openai.small.chat-model.model-name", "small-model",
                    "quarkus.langchain4j.openai.small.chat-model.max-tokens", "7");
        }
    }

    @Singleton
    static class Forecast {

        static final AtomicInteger CALLS = new AtomicInteger();

        @Tool("The weather at a place")
        String weather(String place) {
            CALLS.incrementAndGet();
            return "Rain at " + place;
        }
    }

    @RegisterAiService
    @ApplicationScoped
    interface Weather {

        @ToolBox(Forecast.class)
        @dev.langchain4j.service.UserMessage("{question}")
        String ask(String question);
    }

    @RegisterAiService(modelName = "small")
    @ApplicationScoped
    interface Small {

        String ask(@dev.langchain4j.service.UserMessage String question);
    }

    /// Under a name that no setting mentions.
    @RegisterAiService(modelName = "unmentioned")
    @ApplicationScoped
    interface Unmentioned {

        String ask(@dev.langchain4j.service.UserMessage String question);
    }

    @Singleton
    static class Heard implements ChatModelListener {

        static final Queue<String> MODELS = new ConcurrentLinkedQueue<>();

        @Override
        public void onResponse(ChatModelResponseContext context) {
            MODELS.add(String.valueOf(context.chatResponse().metadata().modelName()));
        }
    }

    @Inject ChatModel model;
    @Inject StreamingChatModel streaming;

    @Inject
    @ModelName("small")
    ChatModel small;

    @Inject Weather weather;
    @Inject Small service;
    @Inject Unmentioned unmentioned;

    @Inject
    @ModelName("injected alone")
    StreamingChatModel injected;

    @Test
    void anAnswerHasAllThatTheProviderSaysOfIt() {
        ChatResponse response = model.chat(UserMessage.from("Hello"));

        assertThat(response.aiMessage().text()).isNotBlank();
        assertThat(response.metadata())
                .isInstanceOfSatisfying(
                        OpenAiChatResponseMetadata.class,
                        said -> {
                            assertThat(said.id()).isNotBlank();
                            assertThat(said.modelName()).startsWith("large-model-");
                            assertThat(said.finishReason()).isEqualTo(FinishReason.STOP);
                            assertThat(said.created()).isPositive();
                            assertThat(said.tokenUsage())
                                    .isInstanceOfSatisfying(
                                            OpenAiTokenUsage.class,
                                            used ->
                                                    assertThat(used.totalTokenCount())
                                                            .isPositive());
                        });
        assertThat(Heard.MODELS).anyMatch(heard -> heard.startsWith("large-model-"));
        assertThat(metrics())
                .contains("gen_ai_client_token_usage", "gen_ai_client_operation_duration");
    }

    @Test
    void whatFailsIsTriedAgainBelowTheService() {
        assertThat(model.chat("Hello [[sim fault=server_error times=2]]")).isNotBlank();
        assertThat(provider.wholeLog()).hasSize(3);
    }

    @Test
    void failuresAreThoseOfLangChain4jWithOursAsTheirCause() {
        assertThatThrownBy(() -> model.chat("Hello [[sim fault=rate_limit]]"))
                .isInstanceOf(RateLimitException.class)
                .cause()
                .isInstanceOfSatisfying(
                        FailedCall.class,
                        failed ->
                                assertThat(failed.failure().kind())
                                        .isEqualTo(FailureKind.RATE_LIMITED));
        assertThatThrownBy(() -> model.chat("Hello [[sim fault=bad_request]]"))
                .isInstanceOf(InvalidRequestException.class);
        assertThatThrownBy(() -> model.chat("Hello [[sim fault=refusal]]"))
                .isInstanceOf(ContentFilteredException.class);
        // What a failure says may differ each time; meters go by its kind at most.
        assertThat(metrics().lines())
                .filteredOn(line -> line.contains("error_type"))
                .isNotEmpty()
                .allMatch(line -> line.matches(".*error_type=\"[\\w.]*\".*"));
    }

    private String metrics() {
        return caller.send(caller.request("/q/metrics").build()).join().body();
    }

    @Test
    void aNamedModelHasItsOwnSettings() {
        small.chat("Hello");
        service.ask("Hello again");

        assertThat(provider.wholeLog())
                .hasSize(2)
                .allSatisfy(
                        entry -> assertThat(entry.path("model").asText()).isEqualTo("small-model"));
    }

    @Test
    void aNameThatStandsInTheCodeAloneIsTheConfiguredModelBehindPenstock() throws Exception {
        unmentioned.ask("Hello [[sim fault=server_error times=1]]");
        Pieces pieces = new Pieces(Integer.MAX_VALUE);
        injected.chat("Hello", pieces);
        pieces.end.get(20, TimeUnit.SECONDS);

        assertThat(provider.wholeLog())
                .hasSize(3)
                .allSatisfy(
                        entry -> assertThat(entry.path("model").asText()).isEqualTo("large-model"));
    }

    @Test
    @ActivateRequestContext
    void aToolRunsOnceHoweverOftenTheModelsAreAskedAgain() {
        Forecast.CALLS.set(0);

        // Each round of the loop is a conversation of its own to the provider.
        String answer =
                weather.ask("Weather? [[sim tool fault=rate_limit times=1 retry_after_ms=1]]");

        assertThat(answer).isNotBlank();
        assertThat(Forecast.CALLS).hasValue(1);
        assertThat(provider.wholeLog().stream().filter(ServiceModelQuarkusTest::isAnswered))
                .hasSize(2);
        assertThat(provider.wholeLog()).hasSize(4);
    }

    private static boolean isAnswered(JsonNode entry) {
        return entry.path("status").asInt() == 200;
    }

    @Test
    void imagesAndTextsAreOneMessage() {
        ChatResponse response =
                model.chat(
                        UserMessage.from(
                                TextContent.from("What is on it?"),
                                ImageContent.from("iVBORw0KGgo=", "image/png")));

        assertThat(response.aiMessage().text()).isNotBlank();
    }

    @Test
    void aStreamComesPieceByPieceAndEndsWithTheWhole() throws Exception {
        Pieces pieces = new Pieces(Integer.MAX_VALUE);

        streaming.chat("one two three four", pieces);

        ChatResponse whole = pieces.end.get(20, TimeUnit.SECONDS);
        assertThat(pieces.texts).hasSizeGreaterThan(1);
        assertThat(String.join("", pieces.texts)).isEqualTo(whole.aiMessage().text());
        assertThat(whole.metadata().tokenUsage().outputTokenCount()).isPositive();
        assertThat(whole.metadata().finishReason()).isEqualTo(FinishReason.STOP);
    }

    @Test
    void aStreamThatIsCancelledEndsAtTheProvider() {
        Pieces pieces = new Pieces(1);

        streaming.chat("on ".repeat(200) + "[[sim token_delay=100ms]]", pieces);

        provider.await("ended=1", Duration.ofSeconds(20));
        assertThat(provider.wholeLog())
                .singleElement()
                .satisfies(entry -> assertThat(entry.path("end").asText()).isEqualTo("aborted"));
        assertThat(pieces.texts).hasSize(1);
        assertThat(pieces.end).isNotDone();
    }

    /// Takes a stream, and ends it after so many pieces.
    private static final class Pieces implements StreamingChatResponseHandler {

        private final int most;
        private final Queue<String> texts = new ConcurrentLinkedQueue<>();
        private final CompletableFuture<ChatResponse> end = new CompletableFuture<>();

        private Pieces(int most) {
            this.most = most;
        }

        @Override
        public void onPartialResponse(PartialResponse piece, PartialResponseContext context) {
            texts.add(piece.text());
            if (texts.size() >= most) {
                context.streamingHandle().cancel();
            }
        }

        @Override
        public void onCompleteResponse(ChatResponse response) {
            end.complete(response);
        }

        @Override
        public void onError(Throwable error) {
            end.completeExceptionally(error);
        }
    }
}
