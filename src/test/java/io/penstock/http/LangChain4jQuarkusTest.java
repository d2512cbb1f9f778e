package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.http.client.jdk.JdkHttpClient;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import dev.langchain4j.model.output.FinishReason;
import io.penstock.testing.Caller;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// The OpenAI API as LangChain4j's own client takes it.
@QuarkusTest
class LangChain4jQuarkusTest extends PenstockTest {

    private static final ToolSpecification WEATHER =
            ToolSpecification.builder()
                    .name("weather")
                    .parameters(
                            JsonObjectSchema.builder()
                                    .addEnumProperty("city", List.of("Bern"))
                                    .addIntegerProperty("days")
                                    .build())
                    .build();

    @Test
    void chatsAndCallsTools() {
        OpenAiChatModel model = model(0);

        ChatResponse answer = model.chat(UserMessage.from("What is a penstock?"));
        ChatResponse call = model.chat(asking());

        assertThat(answer.aiMessage().text()).endsWith("What is a penstock?");
        assertThat(answer.tokenUsage().totalTokenCount()).isPositive();
        assertThat(answer.finishReason()).isEqualTo(FinishReason.STOP);
        check(call);
    }

    @Test
    void streamsWithUsageAndTools() {
        ChatResponse answer =
                streamed(ChatRequest.builder().messages(UserMessage.from("one two three")).build());

        assertThat(answer.aiMessage().text()).endsWith("one two three");
        assertThat(answer.tokenUsage().outputTokenCount()).isPositive();
        check(streamed(asking()));
    }

    @Test
    void errorsHaveTheirTypesAndItsRetriesObeyOurs() {
        assertThatThrownBy(() -> model(0).chat("[[sim fault=bad_request]] a"))
                .isInstanceOf(InvalidRequestException.class);
        assertThatThrownBy(() -> model(0).chat("[[sim fault=rate_limit retry_after_ms=20]] a"))
                .isInstanceOf(RateLimitException.class);
        // Each of our answers stands for three attempts at the provider.
        assertThat(model(2).chat("again [[sim fault=rate_limit times=3 retry_after_ms=20]]"))
                .endsWith("again");
    }

    private static ChatRequest asking() {
        return ChatRequest.builder()
                .messages(UserMessage.from("How is the weather?"))
                .toolSpecifications(WEATHER)
                .toolChoice(ToolChoice.REQUIRED)
                .build();
    }

    private static void check(ChatResponse call) {
        assertThat(call.finishReason()).isEqualTo(FinishReason.TOOL_EXECUTION);
        ToolExecutionRequest request = call.aiMessage().toolExecutionRequests().getFirst();
        assertThat(request.name()).isEqualTo("weather");
        assertThat(Caller.parse(request.arguments()))
                .isEqualTo(Caller.parse("{\"city\":\"Bern\",\"days\":1}"));
    }

    private OpenAiChatModel model(int retries) {
        return OpenAiChatModel.builder()
                .baseUrl(base.resolve("/v1").toString())
                .apiKey("sk-the-callers-own")
                .modelName("gpt-4o-mini")
                .maxRetries(retries)
                .httpClientBuilder(JdkHttpClient.builder())
                .build();
    }

    private ChatResponse streamed(ChatRequest request) {
        CompletableFuture<ChatResponse> whole = new CompletableFuture<>();
        OpenAiStreamingChatModel.builder()
                .baseUrl(base.resolve("/v1").toString())
                .apiKey("sk-the-callers-own")
                .modelName("gpt-4o-mini")
                .httpClientBuilder(JdkHttpClient.builder())
                .build()
                .chat(
                        request,
                        new StreamingChatResponseHandler() {
                            @Override
                            public void onPartialResponse(String token) {}

                            @Override
                            public void onCompleteResponse(ChatResponse response) {
                                whole.complete(response);
                            }

                            @Override
                            public void onError(Throwable error) {
                                whole.completeExceptionally(error);
                            }
                        });
        return whole.orTimeout(20, TimeUnit.SECONDS).join();
    }
}
