package io.penstock.bench;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Batch;
import io.penstock.testing.Caller;
import io.penstock.testing.Emulators;
import io.penstock.testing.Provider;
import io.penstock.testing.lambda.Cloud;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// A chunk of prompts that all end in a 500, in a function of its own, while others of its batch
/// are answered elsewhere. Run it by `./mvnw verify -Pcloud
/// -Dpenstock.cloud=io.penstock.bench.Poisoned`, with `-Dnative` for the native binary.
final class Poisoned {

    private static final int CHUNK = 100;
    private static final int GOOD = 3_000;

    private Poisoned() {}

    public static void main(String[] args) throws InterruptedException {
        try (SimulatedProvider simulated =
                        SimulatedProvider.start(
                                SimulatedProvider.Options.defaults().withLogLimit(0));
                Emulators emulators = Emulators.start();
                Cloud cloud =
                        new Cloud(
                                emulators,
                                "poisoned",
                                Cloud.Size.of(2, Duration.ofMinutes(5), Duration.ofMinutes(1)),
                                Map.of(
                                        "OPENAI_BASE_URL",
                                        simulated.baseUrl(),
                                        "OPENAI_API_KEY",
                                        "bench",
                                        "PENSTOCK_BATCH_CHUNK_ITEMS",
                                        Integer.toString(CHUNK),
                                        "PENSTOCK_FLOW_MAX_CONCURRENCY",
                                        "50"))) {
            Provider.at(simulated.baseUrl()).behave("{\"latency\":\"1s\"}");
            run(cloud);
        }
        System.exit(0);
    }

    private static void run(Cloud cloud) throws InterruptedException {
        while (cloud.call("GET", "/q/health/live", "application/json", "").status() != 200) {
            pause(500);
        }
        Caller caller = new Caller(cloud.httpUrl());
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < GOOD + CHUNK; i++) {
            String marker = i < CHUNK ? " [[sim fault=server_error]]" : "";
            lines.append("{\"prompt\":\"prompt ").append(i).append(marker).append("\"}\n");
        }
        long start = System.nanoTime();
        Batch batch = Batch.of(caller, Batch.submitLines(caller, lines.toString()));
        double failed = 0;
        double good = 0;
        while (true) {
            JsonNode status = batch.status();
            double now = (System.nanoTime() - start) / 1e9;
            failed = failed == 0 && status.path("failed").asInt() == CHUNK ? now : failed;
            good = good == 0 && status.path("completed").asInt() == GOOD ? now : good;
            if (status.path("status").asText().equals("completed")) {
                System.out.printf(
                        Locale.ROOT,
                        "%d poison prompts had failed after %.1f s, %d others had their answers after %.1f s;"
                                + " it ended after %.1f s%n%s%n",
                        CHUNK,
                        failed,
                        GOOD,
                        good,
                        now,
                        status.path("errors").path(0));
                return;
            }
            pause(500);
        }
    }

    private static void pause(int millis) throws InterruptedException {
        new CountDownLatch(1).await(millis, TimeUnit.MILLISECONDS);
    }
}
