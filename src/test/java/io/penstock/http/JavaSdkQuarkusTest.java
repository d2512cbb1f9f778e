package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.MultipartField;
import com.openai.core.http.HttpResponse;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.InternalServerException;
import com.openai.errors.NotFoundException;
import com.openai.errors.PermissionDeniedException;
import com.openai.errors.RateLimitException;
import com.openai.errors.SseException;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.batches.Batch;
import com.openai.models.batches.BatchCreateParams;
import com.openai.models.batches.BatchListParams;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionFunctionTool;
import com.openai.models.chat.completions.ChatCompletionMessageFunctionToolCall;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.chat.completions.ChatCompletionToolChoiceOption;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FileListParams;
import com.openai.models.files.FileObject;
import com.openai.models.files.FilePurpose;
import com.openai.models.models.Model;
import io.penstock.testing.Caller;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The OpenAI API as OpenAI's SDK for Java takes it; its `validate()` finds every field that is
/// missing or of another type than its own description says.
@QuarkusTest
class JavaSdkQuarkusTest extends PenstockTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    private OpenAIClient client;

    @BeforeEach
    void connect() {
        client =
                OpenAIOkHttpClient.builder()
                        .baseUrl(base.resolve("/v1").toString())
                        .apiKey("sk-the-callers-own")
                        .build();
    }

    @AfterEach
    void disconnect() {
        client.close();
    }

    @Test
    void chat() {
        ChatCompletion answer =
                client.chat()
                        .completions()
                        .create(
                                chat("What is a penstock?")
                                        .n(2)
                                        .logprobs(true)
                                        .putAdditionalBodyProperty(
                                                "not_invented_yet", JsonValue.from(List.of(1)))
                                        .build());

        answer.validate();
        assertThat(answer.choices()).hasSize(2);
        assertThat(answer.choices().getFirst().message().content().orElseThrow())
                .endsWith("What is a penstock?");
        assertThat(answer.choices().getLast().logprobs()).isPresent();
        assertThat(answer.usage().orElseThrow().totalTokens()).isPositive();
    }

    @Test
    void streamsEndWithTheirUsage() {
        ChatCompletionCreateParams params =
                chat("one two three")
                        .streamOptions(
                                ChatCompletionStreamOptions.builder().includeUsage(true).build())
                        .build();
        ChatCompletionAccumulator whole = ChatCompletionAccumulator.create();
        List<ChatCompletionChunk> chunks;
        try (StreamResponse<ChatCompletionChunk> stream =
                client.chat().completions().createStreaming(params)) {
            chunks = stream.stream().peek(whole::accumulate).toList();
        }

        chunks.forEach(ChatCompletionChunk::validate);
        assertThat(chunks.getLast().choices()).isEmpty();
        assertThat(chunks.getLast().usage().orElseThrow().completionTokens()).isPositive();
        assertThat(whole.chatCompletion().choices().getFirst().message().content().orElseThrow())
                .endsWith("one two three");
    }

    @Test
    void toolsAreCalledWholeAndStreamed() {
        ChatCompletionCreateParams params =
                chat("How is the weather?")
                        .addTool(weather())
                        .toolChoice(ChatCompletionToolChoiceOption.Auto.REQUIRED)
                        .build();
        ChatCompletionAccumulator streamed = ChatCompletionAccumulator.create();
        try (StreamResponse<ChatCompletionChunk> stream =
                client.chat().completions().createStreaming(params)) {
            stream.stream().forEach(streamed::accumulate);
        }

        for (ChatCompletion answer :
                List.of(
                        client.chat().completions().create(params).validate(),
                        streamed.chatCompletion())) {
            ChatCompletionMessageFunctionToolCall call =
                    answer.choices()
                            .getFirst()
                            .message()
                            .toolCalls()
                            .orElseThrow()
                            .getFirst()
                            .asFunction();
            assertThat(call.function().name()).isEqualTo("weather");
            assertThat(Caller.parse(call.function().arguments()).path("city").asText())
                    .isEqualTo("Bern");
            assertThat(answer.choices().getFirst().finishReason())
                    .isEqualTo(ChatCompletion.Choice.FinishReason.TOOL_CALLS);
        }
    }

    @Test
    void errorsHaveTheirTypes() {
        BadRequestException bad =
                catchThrowableOfType(
                        BadRequestException.class,
                        () ->
                                client.chat()
                                        .completions()
                                        .create(chat("hot").temperature(9.0).build()));
        RateLimitException quota =
                catchThrowableOfType(
                        RateLimitException.class,
                        () ->
                                client.chat()
                                        .completions()
                                        .create(chat("[[sim fault=quota]]a").build()));

        assertThat(bad.param()).contains("temperature");
        assertThat(bad.code()).contains("decimal_above_max_value");
        assertThat(quota.type()).contains("insufficient_quota");
        // x-should-retry: false
        assertThat(provider.stats().path("requests").asInt()).isEqualTo(2);
        assertThat(
                        catchThrowableOfType(
                                NotFoundException.class,
                                () -> client.batches().retrieve("batch_none")))
                .isNotNull();
        assertThat(
                        catchThrowableOfType(
                                NotFoundException.class,
                                () -> client.files().retrieve("file-none")))
                .isNotNull();
        assertThat(
                        catchThrowableOfType(
                                NotFoundException.class, () -> client.models().retrieve("none")))
                .isNotNull();
        InternalServerException failed =
                catchThrowableOfType(
                        InternalServerException.class,
                        () ->
                                client.withOptions(options -> options.maxRetries(0))
                                        .chat()
                                        .completions()
                                        .create(chat("[[sim fault=server_error]] a").build()));
        assertThat(failed.statusCode()).isEqualTo(502);
    }

    /// Three attempts of ours are not to become nine by those of an SDK.
    @Test
    void whatPenstockHasTriedInVainIsNotTriedAgain() {
        assertThat(
                        catchThrowableOfType(
                                InternalServerException.class,
                                () ->
                                        client.chat()
                                                .completions()
                                                .create(
                                                        chat("[[sim fault=server_error]] a")
                                                                .build())))
                .isNotNull();
        assertThat(provider.stats().path("requests").asInt()).isEqualTo(3);
        assertThat(
                        catchThrowableOfType(
                                PermissionDeniedException.class,
                                () ->
                                        client.chat()
                                                .completions()
                                                .create(
                                                        chat("[[sim fault=unauthorized]] a")
                                                                .build())))
                .isNotNull();
        assertThat(provider.stats().path("requests").asInt()).isEqualTo(4);
    }

    @Test
    void aStreamThatBreaksIsAnError() {
        try (StreamResponse<ChatCompletionChunk> stream =
                client.chat()
                        .completions()
                        .createStreaming(
                                chat("[[sim fault=cut_after_first]] a b c d e f").build())) {
            SseException broken =
                    catchThrowableOfType(
                            SseException.class, () -> stream.stream().forEach(_ -> {}));
            assertThat(broken.code()).contains("truncated");
        }
    }

    @Test
    void itsRetriesObeyOur429() {
        // Each of our answers stands for three attempts at the provider.
        ChatCompletion answer =
                client.chat()
                        .completions()
                        .create(
                                chat("again [[sim fault=rate_limit times=3 retry_after_ms=20]]")
                                        .build());

        assertThat(answer.choices().getFirst().message().content().orElseThrow()).endsWith("again");
        assertThat(provider.log("again")).hasSize(4);
    }

    @Test
    void models() {
        List<Model> models =
                client.models().list().autoPager().stream().map(Model::validate).toList();

        assertThat(models).extracting(Model::id).contains("gpt-4o-mini");
        assertThat(client.models().retrieve("gpt-4o-mini").validate().id())
                .isEqualTo("gpt-4o-mini");
    }

    @Test
    void files() throws IOException {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            FileObject file = upload("{\"line\":" + i + "}\n").validate();
            assertThat(file.filename()).isEqualTo("lines.jsonl");
            assertThat(file.expiresAt().orElseThrow() - file.createdAt()).isEqualTo(7200);
            ids.addFirst(file.id());
        }

        assertThat(
                        client
                                .files()
                                .list(FileListParams.builder().limit(2).purpose("batch").build())
                                .autoPager()
                                .stream()
                                .limit(3)
                                .map(FileObject::id))
                .isEqualTo(ids);
        assertThat(content(ids.getLast())).isEqualTo("{\"line\":0}\n");
        for (String id : ids) {
            assertThat(client.files().delete(id).validate().deleted()).isTrue();
        }
        assertThat(
                        catchThrowableOfType(
                                NotFoundException.class,
                                () -> client.files().content(ids.getFirst())))
                .isNotNull();
    }

    @Test
    void aThousandLinesFromUploadToParsedFiles() throws IOException {
        String lines =
                IntStream.range(0, 1000)
                        .mapToObj(i ->
                                line("c" + i, i % 250 == 3 ? "[[sim fault=bad_request]]" : "q" + i))
                        .collect(Collectors.joining());

        Batch created = batch(lines).validate();
        Batch done = await(created.id(), now -> now.status().equals(Batch.Status.COMPLETED));

        done.validate();
        assertThat(done.requestCounts().orElseThrow().total()).isEqualTo(1000);
        assertThat(done.requestCounts().orElseThrow().completed()).isEqualTo(996);
        assertThat(done.requestCounts().orElseThrow().failed()).isEqualTo(4);
        assertThat(done.usage().orElseThrow().totalTokens()).isPositive();
        List<JsonNode> output = parsed(done.outputFileId().orElseThrow());
        assertThat(output).hasSize(996);
        for (JsonNode one : output) {
            String id = one.path("custom_id").asText();
            assertThat(
                            one.path("response")
                                    .path("body")
                                    .path("choices")
                                    .path(0)
                                    .path("message")
                                    .path("content")
                                    .asText())
                    .endsWith(" q" + id.substring(1));
        }
        assertThat(parsed(done.errorFileId().orElseThrow()))
                .extracting(one -> one.path("response").path("status_code").asInt())
                .containsOnly(400)
                .hasSize(4);
    }

    @Test
    void cancelsAndPages() {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            ids.addFirst(batch(line("a", "held " + i + " [[sim gate=java]]")).id());
        }

        Batch cancelled = client.batches().cancel(ids.getLast()).validate();
        provider.open("java");

        assertThat(cancelled.cancellingAt()).isPresent();
        await(ids.getLast(), now -> now.status().equals(Batch.Status.CANCELLED));
        assertThat(
                        client
                                .batches()
                                .list(BatchListParams.builder().limit(2).build())
                                .autoPager()
                                .stream()
                                .limit(3)
                                .map(Batch::validate)
                                .map(Batch::id))
                .isEqualTo(ids);
    }

    private Batch batch(String lines) {
        return client.batches()
                .create(
                        BatchCreateParams.builder()
                                .inputFileId(upload(lines).id())
                                .endpoint(BatchCreateParams.Endpoint.V1_CHAT_COMPLETIONS)
                                .completionWindow(BatchCreateParams.CompletionWindow._24H)
                                .build());
    }

    private Batch await(String id, Predicate<Batch> wanted) {
        long end = System.nanoTime() + LIMIT.toNanos();
        Batch now = client.batches().retrieve(id);
        while (!wanted.test(now)) {
            if (System.nanoTime() > end) {
                throw new AssertionError("It did not come to that: " + now);
            }
            now = client.batches().retrieve(id);
        }
        return now;
    }

    private FileObject upload(String content) {
        return client.files()
                .create(
                        FileCreateParams.builder()
                                .file(
                                        MultipartField.<InputStream>builder()
                                                .value(
                                                        new ByteArrayInputStream(
                                                                content.getBytes(
                                                                        StandardCharsets.UTF_8)))
                                                .filename("lines.jsonl")
                                                .build())
                                .purpose(FilePurpose.BATCH)
                                .expiresAfter(
                                        FileCreateParams.ExpiresAfter.builder()
                                                .seconds(7200)
                                                .build())
                                .build());
    }

    private String content(String id) throws IOException {
        try (HttpResponse response = client.files().content(id)) {
            return new String(response.body().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private List<JsonNode> parsed(String id) throws IOException {
        return content(id).lines().map(Caller::parse).toList();
    }

    private static ChatCompletionCreateParams.Builder chat(String prompt) {
        return ChatCompletionCreateParams.builder().model("gpt-4o-mini").addUserMessage(prompt);
    }

    private static ChatCompletionFunctionTool weather() {
        Map<String, Object> city = Map.of("type", "string", "enum", List.of("Bern"));
        return ChatCompletionFunctionTool.builder()
                .function(
                        FunctionDefinition.builder()
                                .name("weather")
                                .parameters(
                                        FunctionParameters.builder()
                                                .putAdditionalProperty(
                                                        "type", JsonValue.from("object"))
                                                .putAdditionalProperty(
                                                        "properties",
                                                        JsonValue.from(Map.of("city", city)))
                                                .build())
                                .build())
                .build();
    }

    private static String line(String id, String content) {
        return """
        {"custom_id":"%s","method":"POST","url":"/v1/chat/completions","body":{"model":"gpt-4o-mini",\
        "messages":[{"role":"user","content":"%s"}]}}
        """
                .formatted(id, content);
    }
}
