package io.penstock.bench;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Batch;
import io.penstock.testing.Caller;
import java.io.IOException;
import java.net.URI;
import java.util.BitSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// What it takes to ask for a large batch that has ended, to read it and to retry its failures, on
/// the embedded engine: time, and what the process has read, of files and connections together.
/// `-Dpenstock.bench.sizes` says how many prompts; a million unless it does.
final class Afterwards {

    /// One of so many fails.
    private static final int FAILING = 1_000;

    private static final int PAGE = 10_000;

    private final Server penstock;
    private final int prompts;

    private Afterwards(Server penstock, int prompts) {
        this.penstock = penstock;
        this.prompts = prompts;
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        try (Server provider = Server.provider();
                Server penstock = Server.penstock(provider, Batches.settings(50))) {
            new Afterwards(penstock, Integer.getInteger("penstock.bench.sizes", 1_000_000)).run();
        }
    }

    private void run() throws IOException, InterruptedException {
        Caller caller = new Caller(URI.create("http://127.0.0.1:" + penstock.port()));
        long start = System.nanoTime();
        URI status =
                Batches.submit(
                        penstock,
                        "",
                        prompts,
                        number ->
                                number % FAILING == FAILING - 1
                                        ? "[[sim fault=bad_request]]"
                                        : "[[sim latency=5ms]]");
        Batch batch = new Batch(caller, status.getPath().substring("/batch/".length()));
        ended(batch);
        Batches.print("%d prompts: ended after %.1f s", prompts, millis(start) / 1e3);
        status(batch);
        pages(batch, "input");
        pages(batch, "finished");
        retry(batch);
        Batches.print("peak RSS %d MB", penstock.peakRssMegabytes());
    }

    private void status(Batch batch) throws IOException {
        Server.Reads before = penstock.reads();
        long start = System.nanoTime();
        JsonNode status = batch.status();
        Batches.print(
                "a status, %s: %.0f ms, %s",
                status.path("status").asText(), millis(start), penstock.reads().since(before));
    }

    private void pages(Batch batch, String order) throws IOException {
        BitSet seen = new BitSet(prompts);
        int doubled = 0;
        int pages = 0;
        double slowest = 0;
        double all = 0;
        String after = "";
        Server.Reads before = penstock.reads();
        while (true) {
            long start = System.nanoTime();
            Caller.Answer page = batch.get("/results?order=" + order + "&limit=" + PAGE + after);
            double its = millis(start);
            if (page.status() != 200 || page.body().isEmpty()) {
                break;
            }
            pages++;
            all += its;
            slowest = Math.max(slowest, its);
            for (JsonNode line : Batch.lines(page)) {
                int index = line.path("index").asInt();
                doubled += seen.get(index) ? 1 : 0;
                seen.set(index);
            }
            after = "&after=" + page.header("x-next-cursor");
        }
        Server.Reads read = penstock.reads().since(before);
        Batches.print(
                "%d pages, order=%s: %.0f ms each, the slowest %.0f ms; %s in all; %d lost, %d doubled",
                pages,
                order,
                all / Math.max(1, pages),
                slowest,
                read,
                prompts - seen.cardinality(),
                doubled);
    }

    private void retry(Batch batch) throws IOException, InterruptedException {
        Server.Reads before = penstock.reads();
        long start = System.nanoTime();
        Caller.Answer answer = batch.post("/retry");
        Batches.print(
                "/retry: status %d, %.0f ms, %s",
                answer.status(), millis(start), penstock.reads().since(before));
        JsonNode ended = ended(Batch.of(batch.caller(), answer));
        Batches.print(
                "its batch: %s after %.1f s, %s; %d ended of %d",
                ended.path("status").asText(),
                millis(start) / 1e3,
                penstock.reads().since(before),
                ended.path("failed").asInt(),
                prompts / FAILING);
    }

    private static JsonNode ended(Batch batch) throws InterruptedException {
        while (true) {
            JsonNode status = batch.status();
            String word = status.path("status").asText();
            if (word.equals("completed") || word.equals("failed")) {
                return status;
            }
            new CountDownLatch(1).await(500, TimeUnit.MILLISECONDS);
        }
    }

    private static double millis(long start) {
        return (System.nanoTime() - start) / 1e6;
    }
}
