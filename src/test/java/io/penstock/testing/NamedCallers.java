package io.penstock.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/// Callers at every door of Penstock before [NamedAnswers], who check that each byte they get is
/// their own: HTTP/1.1 and HTTP/2, whole and streamed, some of whom leave early or have no time;
/// beside them batches and WebSockets. Thread-safe.
public final class NamedCallers {

    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final int MODELS = 8;

    private final URI base;
    private final long seed;
    private final NamedTally tally = new NamedTally();
    private final AtomicInteger makers = new AtomicInteger();
    private final List<HttpClient> clients = new ArrayList<>();

    public NamedCallers(URI base, long seed) {
        this.base = base;
        this.seed = seed;
        for (int i = 0; i < 4; i++) {
            clients.add(
                    HttpClient.newBuilder()
                            .version(
                                    i % 2 == 0
                                            ? HttpClient.Version.HTTP_1_1
                                            : HttpClient.Version.HTTP_2)
                            .build());
        }
    }

    /// Runs all to their end.
    ///
    /// @param calls of each caller
    /// @param items of each of two batches
    /// @param prompts over each of three WebSockets
    public NamedTally run(int callers, int calls, int items, int prompts)
            throws InterruptedException, ExecutionException {
        List<Future<?>> running = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < callers; i++) {
                HttpClient client = clients.get(i % clients.size());
                running.add(threads.submit(() -> calls(client, maker(), calls)));
            }
            if (items > 0) {
                running.add(threads.submit(() -> batch(maker(), items)));
                running.add(threads.submit(() -> openAiBatch(maker(), items)));
            }
            for (int i = 0; i < 3; i++) {
                running.add(threads.submit(() -> socket(maker(), prompts)));
            }
            for (Future<?> one : running) {
                one.get();
            }
        }
        return tally;
    }

    private String maker() {
        return "m" + makers.incrementAndGet() + "x" + Long.toString(seed & 0xFFFF, 36);
    }

    private void calls(HttpClient client, String maker, int calls) {
        Random random = new Random(seed ^ maker.hashCode());
        for (int i = 0; i < calls; i++) {
            String name = NamedAnswers.name(maker, i);
            boolean isChat = random.nextBoolean();
            boolean streams = random.nextBoolean();
            HttpRequest request = request(name, isChat, streams, random);
            try {
                one(client, request, new NamedTally.Got(name, isChat, streams), random);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private HttpRequest request(String name, boolean isChat, boolean streams, Random random) {
        ObjectNode body = Caller.JSON.createObjectNode();
        if (isChat) {
            body.putArray("messages")
                    .addObject()
                    .put("role", "user")
                    .put("content", NamedAnswers.prompt(name));
            body.put("stream", streams);
            if (random.nextInt(5) == 0) {
                body.put("n", 2);
            }
        } else {
            body.put("prompt", NamedAnswers.prompt(name));
            if (random.nextInt(20) == 0) {
                body.put("timeout_ms", 1 + random.nextInt(30));
            }
        }
        body.put("model", "model-" + random.nextInt(MODELS));
        return HttpRequest.newBuilder(base.resolve(isChat ? "/v1/chat/completions" : "/complete"))
                .timeout(LIMIT)
                .header("content-type", "application/json")
                .header("accept", streams ? "text/event-stream" : "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
                .build();
    }

    private void one(HttpClient client, HttpRequest request, NamedTally.Got got, Random random)
            throws InterruptedException {
        int leaving = random.nextInt(20);
        CompletableFuture<HttpResponse<InputStream>> sent =
                client.sendAsync(request, HttpResponse.BodyHandlers.ofInputStream());
        try {
            HttpResponse<InputStream> answer =
                    leaving == 0
                            ? sent.get(1 + random.nextInt(15), TimeUnit.MILLISECONDS)
                            : sent.get();
            boolean isCut = leaving == 1;
            ByteArrayOutputStream read = new ByteArrayOutputStream();
            try (InputStream body = answer.body()) {
                if (isCut) {
                    tally.count("left in the middle");
                    read.writeBytes(body.readNBytes(random.nextInt(400)));
                } else {
                    body.transferTo(read);
                }
            } catch (IOException broken) {
                isCut = true;
                tally.count("answers that broke off");
            }
            tally.count(answer.version().name());
            String text = read.toString(StandardCharsets.UTF_8);
            tally.check(got, answer.statusCode(), answer.headers() + "\n" + text, text, isCut);
        } catch (TimeoutException left) {
            sent.cancel(true);
            tally.count("left before the answer");
        } catch (ExecutionException broken) {
            tally.count("calls that broke");
        }
    }

    private void socket(String maker, int prompts) {
        Random random = new Random(seed ^ maker.hashCode());
        Socket socket = new Socket(base, "/stream");
        int sent = 0;
        Map<String, StringBuilder> open = new HashMap<>();
        while (sent < prompts || !open.isEmpty()) {
            while (sent < prompts && open.size() < 8) {
                String name = NamedAnswers.name(maker, sent++);
                open.put(name, new StringBuilder());
                socket.send(
                        Caller.prompt(NamedAnswers.prompt(name))
                                .put("id", name)
                                .put("model", "model-" + random.nextInt(MODELS)));
                if (random.nextInt(10) == 0) {
                    socket.send(Caller.JSON.createObjectNode().put("cancel", name));
                }
            }
            JsonNode frame = socket.next();
            String name = frame.path("id").asText();
            StringBuilder text = open.get(name);
            if (text == null) {
                tally.wrong(name, "a frame of none that is open: " + frame);
                continue;
            }
            text.append(frame.path("token").asText(""));
            if (!frame.has("token")) {
                open.remove(name);
                tally.ended(
                        name,
                        "WebSocket",
                        List.of(text.toString()),
                        frame.has("done"),
                        frame.path("error").path("code").asText("done"),
                        frame.toString());
            }
        }
        socket.webSocket().sendClose(1000, "").join();
    }

    private void batch(String maker, int items) {
        Caller caller = new Caller(base);
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < items; i++) {
            String name = NamedAnswers.name(maker, i);
            lines.append(
                            Caller.prompt(NamedAnswers.prompt(name))
                                    .put("custom_id", name)
                                    .put("model", "model-" + i % MODELS))
                    .append('\n');
        }
        Batch batch = Batch.of(caller, Batch.submitLines(caller, lines.toString()));
        String status = batch.status().path("status").asText();
        while (status.equals("processing") || status.equals("paused")) {
            pause();
            status = batch.status().path("status").asText();
        }
        List<JsonNode> results = Batch.lines(batch.get("/results"));
        tally.exactly("items of a batch", items, results.size());
        for (JsonNode line : results) {
            String name = NamedAnswers.name(maker, line.path("index").asLong());
            if (!name.equals(line.path("custom_id").asText())) {
                tally.wrong(name, "a line of another: " + line);
            }
            boolean isResult = line.path("result").isTextual();
            tally.ended(
                    name,
                    "batch",
                    isResult ? List.of(line.path("result").textValue()) : List.of(),
                    isResult,
                    line.path("error").path("code").asText("done"),
                    line.toString());
        }
    }

    private void openAiBatch(String maker, int items) {
        OpenAiApi api = new OpenAiApi(new Caller(base));
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < items; i++) {
            String name = NamedAnswers.name(maker, i);
            lines.append(OpenAiApi.line(name, NamedAnswers.prompt(name)));
        }
        String id =
                api.json("/v1/batches", OpenAiApi.batch(api.upload(lines.toString())))
                        .json()
                        .path("id")
                        .asText();
        JsonNode batch = api.get("/v1/batches/" + id).json();
        while (!batch.path("status").asText().matches("completed|failed|expired|cancelled")) {
            pause();
            batch = api.get("/v1/batches/" + id).json();
        }
        int count = 0;
        for (String file : List.of("output_file_id", "error_file_id")) {
            if (batch.path(file).isTextual()) {
                for (JsonNode line : api.lines(batch.path(file).textValue())) {
                    count++;
                    JsonNode body = line.path("response").path("body");
                    boolean isResult = body.has("choices");
                    tally.ended(
                            line.path("custom_id").asText(),
                            "/v1/batches",
                            isResult ? NamedTally.texts(body) : List.of(),
                            isResult,
                            body.path("error").path("code").asText("done"),
                            line.toString());
                }
            }
        }
        tally.exactly("lines of /v1/batches", items, count);
    }

    private static void pause() {
        try {
            new CountDownLatch(1).await(500, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
