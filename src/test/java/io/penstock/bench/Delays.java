package io.penstock.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// How long after the provider's answer its result can be read, and how long after its last answer
/// a small batch has ended, both as a caller sees it who keeps asking. The time between two
/// questions is part of the figures.
///
/// The provider's log says when an answer ended; both clocks are this machine's.
final class Delays {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private static final int LOG_LIMIT = 20_000;
    private static final int CONCURRENCY = 50;
    private static final String MARKER = "[[sim latency=200ms]]";
    private static final int SMALL_ROUNDS = 50;
    private static final int PROMPTS = 5_000;
    private static final int ASK_SMALL_MILLIS = 2;
    private static final int ASK_PAGE_MILLIS = 20;

    private static final Pattern NUMBER = Pattern.compile("number (\\d+)");

    private Delays() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        try (Server provider = Server.provider(LOG_LIMIT);
                Server penstock = Server.penstock(provider, Batches.settings(CONCURRENCY))) {
            // Warm: the first batches also compile what the later ones run.
            for (int i = 0; i < 3; i++) {
                whole(Batches.submit(penstock, PROMPTS, ""));
            }
            small(provider, penstock);
            readable(provider, penstock);
        }
    }

    private static void small(Server provider, Server penstock)
            throws IOException, InterruptedException {
        long[] nanos = new long[SMALL_ROUNDS];
        for (int round = 0; round < SMALL_ROUNDS; round++) {
            forgetLog(provider);
            long seen = whole(Batches.submit(penstock, 5, MARKER));
            long lastAnswer =
                    answers(provider).values().stream().mapToLong(Long::longValue).max().orElse(0);
            nanos[round] = (seen - lastAnswer) * 1_000;
        }
        Latencies latencies = new Latencies();
        latencies.add(nanos);
        Batches.print(
                "%d batches of 5: completed p50 %.0f ms, at most %.0f ms after the last answer",
                SMALL_ROUNDS, latencies.percentile(50), latencies.percentile(100));
    }

    /// @return when it was seen to have completed
    private static long whole(URI batch) throws IOException, InterruptedException {
        while (true) {
            JsonNode now = Batches.send(HttpRequest.newBuilder(batch).build());
            long seen = micros();
            if (now.path("status").asText().equals("completed")) {
                return seen;
            }
            pause(ASK_SMALL_MILLIS);
        }
    }

    private static void readable(Server provider, Server penstock)
            throws IOException, InterruptedException {
        forgetLog(provider);
        URI batch = Batches.submit(penstock, PROMPTS, MARKER);
        Map<Integer, Long> seen = new HashMap<>();
        String cursor = "";
        int whileRunning = 0;
        while (seen.size() < PROMPTS) {
            HttpResponse<String> page = get(URI.create(batch + "/results?limit=10000" + cursor));
            long now = micros();
            cursor = "&after=" + page.headers().firstValue("x-next-cursor").orElseThrow();
            for (String line : page.body().lines().toList()) {
                if (seen.put(JSON.readTree(line).path("index").asInt(), now) != null) {
                    throw new IOException("Read twice: " + line);
                }
            }
            if (seen.size() < PROMPTS) {
                whileRunning = seen.size();
                pause(ASK_PAGE_MILLIS);
            }
        }
        Map<Integer, Long> answered = answers(provider);
        if (answered.size() != PROMPTS) {
            throw new IOException("The provider's log tells of " + answered.size() + " answers");
        }
        long[] nanos = new long[PROMPTS];
        for (int i = 0; i < PROMPTS; i++) {
            nanos[i] = (at(seen, i) - at(answered, i)) * 1_000;
        }
        Latencies latencies = new Latencies();
        latencies.add(nanos);
        Batches.print(
                "%d prompts of 200 ms, %d at once: a result can be read p50 %.0f ms, p99 %.0f ms, at most"
                        + " %.0f ms after its answer; %d of them were read while it ran",
                PROMPTS,
                CONCURRENCY,
                latencies.percentile(50),
                latencies.percentile(99),
                latencies.percentile(100),
                whileRunning);
    }

    private static long at(Map<Integer, Long> times, int prompt) {
        return Objects.requireNonNull(times.get(prompt));
    }

    /// When each prompt's last answer ended, by the prompt's number, in microseconds.
    private static Map<Integer, Long> answers(Server provider)
            throws IOException, InterruptedException {
        JsonNode log = JSON.readTree(get(admin(provider)).body());
        if (log.path("dropped").asLong() > 0) {
            throw new IOException("The provider's log is too short: " + log.path("dropped"));
        }
        Map<Integer, Long> ended = new HashMap<>();
        for (JsonNode entry : log.path("entries")) {
            Matcher number = NUMBER.matcher(entry.path("key").asText());
            if (!number.find()) {
                throw new IOException("Whose call is this? " + entry);
            }
            ended.merge(
                    Integer.parseInt(number.group(1)),
                    Math.round(entry.path("ended_at").asDouble() * 1_000),
                    Math::max);
        }
        return ended;
    }

    private static void forgetLog(Server provider) throws IOException, InterruptedException {
        CLIENT.send(
                HttpRequest.newBuilder(admin(provider)).DELETE().build(),
                HttpResponse.BodyHandlers.discarding());
    }

    private static URI admin(Server provider) {
        return URI.create("http://127.0.0.1:" + provider.port() + "/admin/log");
    }

    private static HttpResponse<String> get(URI uri) throws IOException, InterruptedException {
        return CLIENT.send(
                HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    }

    private static long micros() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }

    private static void pause(int millis) throws InterruptedException {
        new CountDownLatch(1).await(millis, TimeUnit.MILLISECONDS);
    }
}
