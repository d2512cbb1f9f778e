package io.penstock.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Enumeration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// How close batches come to the provider's limit, and what they cost: time against the ideal, CPU
/// and memory, and whether they grow with the batch.
///
/// Provider and Penstock are processes of their own on one machine.
final class Batches {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private Batches() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        try (Server provider = Server.provider()) {
            String sizes = System.getProperty("penstock.bench.sizes");
            if (sizes == null) {
                speed(provider, settings(50), 50, 2_000);
                speed(provider, settings(500), 500, 20_000);
                Delays.main(args);
            }
            growth(provider, sizes == null ? "1000,100000,1000000" : sizes);
        }
    }

    static void speed(Server provider, Map<String, String> settings, int concurrency, int prompts)
            throws IOException, InterruptedException {
        try (Server penstock = Server.penstock(provider, settings)) {
            run(penstock, prompts, "");
            for (int round = 0; round < 4; round++) {
                double cpuBefore = penstock.cpuMillis();
                double seconds = run(penstock, prompts, "[[sim latency=200ms]]");
                double ideal = 0.2 * prompts / concurrency;
                print(
                        "%d prompts of 200 ms, %d at once: %.2f s, ideal %.2f s, %.3f of it; %.3f ms CPU a"
                                + " prompt; peak RSS %d MB",
                        prompts,
                        concurrency,
                        seconds,
                        ideal,
                        ideal / seconds,
                        (penstock.cpuMillis() - cpuBefore) / prompts,
                        penstock.peakRssMegabytes());
            }
        }
    }

    private static void growth(Server provider, String sizes)
            throws IOException, InterruptedException {
        for (String size : sizes.split(",", 0)) {
            int prompts = Integer.parseInt(size.trim());
            Path log = Files.createTempFile("penstock-gc", ".log");
            try (Server penstock =
                    Server.penstock(
                            provider, settings(50), "-Xlog:gc:file=" + log, "-XX:+UseSerialGC")) {
                for (int i = 0; i < 3; i++) {
                    run(penstock, 10_000, "[[sim latency=5ms]]");
                }
                double cpuBefore = penstock.cpuMillis();
                double seconds = run(penstock, prompts, "[[sim latency=5ms]]");
                print(
                        "%d prompts of 5 ms, 50 at once, -Xmx256m: %.1f s, %.3f ms and %.3f ms CPU a prompt;"
                                + " heap after collections at most %d MB, peak RSS %d MB",
                        prompts,
                        seconds,
                        seconds * 1000 / prompts,
                        (penstock.cpuMillis() - cpuBefore) / prompts,
                        heapAfterCollections(log),
                        penstock.peakRssMegabytes());
            }
        }
    }

    static Map<String, String> settings(int concurrency) {
        return Map.of(
                "PENSTOCK_FLOW_MAX_CONCURRENCY",
                Integer.toString(concurrency),
                "PENSTOCK_FLOW_RESERVED_FOR_INTERACTIVE",
                "0");
    }

    /// @return seconds from the beginning of the submission to the batch's end
    static double run(Server penstock, int prompts, String marker)
            throws IOException, InterruptedException {
        return run(penstock, "", prompts, marker);
    }

    /// @param query with the batch's options
    static double run(Server penstock, String query, int prompts, String marker)
            throws IOException, InterruptedException {
        long start = System.currentTimeMillis();
        URI status = submit(penstock, query, prompts, _ -> marker);
        while (true) {
            JsonNode now = send(HttpRequest.newBuilder(status).build());
            if (now.path("status").asText().equals("completed")) {
                if (now.path("completed").asInt() != prompts) {
                    throw new IOException("Ended as " + now);
                }
                // All run on one clock, and to ask more often would cost what is measured.
                long end = Instant.parse(now.path("finished_at").asText()).toEpochMilli();
                return (end - start) / 1e3;
            }
            new CountDownLatch(1).await(250, TimeUnit.MILLISECONDS);
        }
    }

    /// @return where its status is
    static URI submit(Server penstock, int prompts, String marker)
            throws IOException, InterruptedException {
        return submit(penstock, "", prompts, _ -> marker);
    }

    /// @param marker of each prompt, by its number
    static URI submit(Server penstock, String query, int prompts, IntFunction<String> marker)
            throws IOException, InterruptedException {
        HttpRequest submit =
                HttpRequest.newBuilder(uri(penstock, query))
                        .header("content-type", "application/jsonl")
                        .POST(
                                HttpRequest.BodyPublishers.ofInputStream(
                                        () -> lines(prompts, marker)))
                        .build();
        JsonNode job = send(submit);
        if (!job.has("job_id")) {
            throw new IOException("Submitted: " + job);
        }
        return uri(penstock, "/" + job.path("job_id").asText());
    }

    static JsonNode send(HttpRequest request) throws IOException, InterruptedException {
        return JSON.readTree(CLIENT.send(request, HttpResponse.BodyHandlers.ofString()).body());
    }

    private static URI uri(Server penstock, String below) {
        return URI.create("http://127.0.0.1:" + penstock.port() + "/batch" + below);
    }

    /// Made as they are read, so that the sender holds none of them.
    private static InputStream lines(int prompts, IntFunction<String> marker) {
        return new SequenceInputStream(
                new Enumeration<>() {
                    private int next;

                    @Override
                    public boolean hasMoreElements() {
                        return next < prompts;
                    }

                    @Override
                    public InputStream nextElement() {
                        StringBuilder some = new StringBuilder();
                        for (int i = 0; i < 1_000 && next < prompts; i++, next++) {
                            some.append("{\"custom_id\":\"item-")
                                    .append(next)
                                    .append("\",\"prompt\":\"What does number ")
                                    .append(next)
                                    .append(" cost? ")
                                    .append(marker.apply(next))
                                    .append("\"}\n");
                        }
                        return new ByteArrayInputStream(
                                some.toString().getBytes(StandardCharsets.UTF_8));
                    }
                });
    }

    private static final Pattern AFTER = Pattern.compile("->(\\d+)M\\(");

    private static long heapAfterCollections(Path log) throws IOException {
        long most = 0;
        for (String line : Files.readAllLines(log)) {
            Matcher after = AFTER.matcher(line);
            if (after.find()) {
                most = Math.max(most, Long.parseLong(after.group(1)));
            }
        }
        return most;
    }

    static void print(String format, Object... values) {
        System.out.println(String.format(Locale.ROOT, format, values));
    }
}
