package io.penstock.lambda;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Caller;
import io.penstock.testing.Door;
import io.penstock.testing.Emulators;
import io.penstock.testing.Function;
import io.penstock.testing.Provider;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Results that are larger than the answer of a function may be.
class LargeResultsIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    /// Each of its characters takes two bytes in JSON, and four in the JSON of a function's answer.
    private static final String QUOTES = "\"".repeat(500);

    /// Items whose results, each with its `custom_id` of quotes, have more than 5 MB.
    private static final int COUNT = 4_600;

    private SimulatedProvider simulated;
    private Provider provider;

    @BeforeEach
    void start() {
        simulated = SimulatedProvider.start(SimulatedProvider.Options.defaults());
        provider = Provider.at(simulated.baseUrl());
    }

    @AfterEach
    void stop() {
        simulated.close();
    }

    @Test
    void inAwsTheAnswerIsALinkToAllOfThemInInputOrder() throws Exception {
        try (Emulators emulators = Emulators.start()) {
            Emulators.Queues queues = emulators.queues("large", Duration.ofSeconds(30), 10);
            Map<String, String> environment =
                    emulators.environment(
                            emulators.table("large"), emulators.bucket("large"), queues);
            try (Function function = function(environment)) {
                String whole = submit(function, "");
                await(function, whole, status -> is(status, "completed"));
                follow(function, whole, -1);

                String mixed = submit(function, "[[sim fault=bad_request]]");
                await(function, mixed, status -> is(status, "completed"));
                follow(function, mixed, COUNT);
                assertThat(paged(function, mixed)).isEqualTo(indices(COUNT + 1));
            }
        }
    }

    @Test
    void aBatchThatRunsIsReadInPages(@TempDir Path directory) throws Exception {
        try (Function function =
                function(Map.of("PENSTOCK_STORE_DIRECTORY", directory.toString()))) {
            String id = submit(function, "[[sim gate=large]]");
            await(function, id, status -> status.path("completed").asInt() == COUNT);

            checkNamesLimit(get(function, id, "/results"));
            assertThat(paged(function, id)).isEqualTo(indices(COUNT));

            provider.open("large");
            await(function, id, status -> is(status, "completed"));
            // The local engine has no links.
            checkNamesLimit(get(function, id, "/results?order=input"));
            assertThat(paged(function, id)).isEqualTo(indices(COUNT + 1));
        }
    }

    private Function function(Map<String, String> store) {
        Map<String, String> environment = new HashMap<>(store);
        environment.put("OPENAI_BASE_URL", simulated.baseUrl());
        environment.put("OPENAI_API_KEY", "large");
        environment.put("PENSTOCK_BATCH_WORKERS", "2");
        return new Function(environment);
    }

    /// Submits prompts whose answers are too many for one answer, and one more.
    private static String submit(Function function, String last) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < COUNT; i++) {
            lines.append(Caller.prompt("prompt " + i).put("custom_id", i + QUOTES)).append('\n');
        }
        lines.append(Caller.prompt("last " + last)).append('\n');
        Door.Raw submitted = function.call("POST", "/batch", "application/jsonl", lines.toString());
        assertThat(submitted.status()).as(submitted.body()).isEqualTo(202);
        return Caller.parse(submitted.body()).path("job_id").asText();
    }

    /// @param failed index of the item without a result, or -1
    private static void follow(Function function, String id, int failed) throws Exception {
        Door.Raw answer = get(function, id, "/results");

        assertThat(answer.status()).isEqualTo(303);
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<String> file =
                    client.send(
                            HttpRequest.newBuilder(
                                            URI.create(answer.headers().path("location").asText()))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            assertThat(file.statusCode()).isEqualTo(200);
            List<JsonNode> lines = lines(file.body());
            assertThat(lines.stream().map(line -> line.path("index").asInt()).toList())
                    .isEqualTo(indices(COUNT + 1));
            for (JsonNode line : lines) {
                assertThat(line.has("error")).isEqualTo(line.path("index").asInt() == failed);
            }
            assertThat(file.body().length()).isGreaterThan(5_000_000);
            assertThat(lines.getFirst().path("custom_id").asText()).isEqualTo("0" + QUOTES);
            assertThat(lines.getFirst().path("result").asText()).endsWith(" prompt 0");
        }
    }

    private static void checkNamesLimit(Door.Raw answer) {
        assertThat(answer.status()).isEqualTo(413);
        JsonNode error = Caller.parse(answer.body()).path("error");
        assertThat(error.path("code").asText()).isEqualTo("answer_too_large");
        assertThat(error.path("message").asText()).contains("limit=");
    }

    /// The indices of all results, read in pages as large as they come.
    private static List<Integer> paged(Function function, String id) {
        List<Integer> indices = new ArrayList<>();
        String after = "";
        while (true) {
            Door.Raw page = get(function, id, "/results?order=input&limit=10000" + after);
            assertThat(page.status()).as(page.body()).isEqualTo(200);
            if (page.body().isEmpty()) {
                return indices;
            }
            lines(page.body()).forEach(line -> indices.add(line.path("index").asInt()));
            after = "&after=" + page.headers().path("x-next-cursor").asText();
        }
    }

    private static List<JsonNode> lines(String body) {
        return body.lines().map(Caller::parse).toList();
    }

    private static List<Integer> indices(int count) {
        return IntStream.range(0, count).boxed().toList();
    }

    private static Door.Raw get(Function function, String id, String below) {
        return function.call("GET", "/batch/" + id + below, "application/json", "");
    }

    private static boolean is(JsonNode status, String wanted) {
        return status.path("status").asText().equals(wanted);
    }

    private static void await(Function function, String id, Predicate<JsonNode> wanted)
            throws InterruptedException {
        long end = System.nanoTime() + LIMIT.toNanos();
        JsonNode status = Caller.parse(get(function, id, "").body());
        while (!wanted.test(status)) {
            assertThat(System.nanoTime()).as(status.toString()).isLessThan(end);
            // What is asked is asked over the wire, but need not be asked all the time.
            new CountDownLatch(1).await(50, TimeUnit.MILLISECONDS);
            status = Caller.parse(get(function, id, "").body());
        }
    }
}
