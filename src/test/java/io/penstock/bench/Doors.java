package io.penstock.bench;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/// A call through `/v1/chat/completions` beside the same one through `/complete`: latency, calls
/// per second and CPU per call. Rounds alternate, so that what disturbs the machine disturbs both.
/// And the largest file, there and back.
final class Doors {

    private static final int ROUNDS = 5;

    private Doors() {}

    private record Door(String name, Load load, Latencies latencies) {}

    public static void main(String[] args) throws IOException, InterruptedException {
        try (Server provider = Server.provider();
                Server penstock = Server.penstock(provider)) {
            List<Door> doors =
                    List.of(
                            door(penstock, "/complete", Load::completeBody),
                            door(penstock, "/v1/chat/completions", Load::chatBody));
            file(penstock);
            for (int i = 0; i < 6; i++) {
                for (Door door : doors) {
                    door.load.run(50, 10_000, "");
                }
            }
            for (int round = 0; round < ROUNDS; round++) {
                for (Door door : doors) {
                    door.latencies.add(door.load.run(1, 2_000, ""));
                }
            }
            for (Door door : doors) {
                print(
                        "%s, 1 caller: p50 %.2f ms, p99 %.2f ms",
                        door.name, door.latencies.percentile(50), door.latencies.percentile(99));
            }
            for (int round = 0; round < ROUNDS; round++) {
                for (Door door : doors) {
                    int calls = 20_000;
                    double cpuBefore = penstock.cpuMillis();
                    long start = System.nanoTime();
                    door.load.run(50, calls, "");
                    print(
                            "%s, 50 callers: %.0f calls/s, %.3f ms CPU a call",
                            door.name,
                            calls / ((System.nanoTime() - start) / 1e9),
                            (penstock.cpuMillis() - cpuBefore) / calls);
                }
            }
        }
    }

    /// The largest file that is taken by default, and its content again.
    private static void file(Server penstock) throws IOException, InterruptedException {
        byte[] lines = ("x".repeat(1023) + "\n").repeat(64).getBytes(StandardCharsets.UTF_8);
        InputStream content =
                new SequenceInputStream(
                        Collections.enumeration(
                                Collections.nCopies(200 << 4, lines).stream()
                                        .map(one -> (InputStream) new ByteArrayInputStream(one))
                                        .toList()));
        URI files = URI.create("http://127.0.0.1:" + penstock.port() + "/v1/files");
        String disposition = "--b\r\nContent-Disposition: form-data; name=";
        try (HttpClient client = HttpClient.newHttpClient()) {
            long start = System.nanoTime();
            String uploaded =
                    client.send(
                                    HttpRequest.newBuilder(files)
                                            .header(
                                                    "content-type",
                                                    "multipart/form-data; boundary=b")
                                            .POST(
                                                    HttpRequest.BodyPublishers.concat(
                                                            HttpRequest.BodyPublishers.ofString(
                                                                    disposition
                                                                            + "purpose\r\n\r\nbatch\r\n"
                                                                            + disposition
                                                                            + "file; filename=f\r\n\r\n"),
                                                            HttpRequest.BodyPublishers
                                                                    .ofInputStream(() -> content),
                                                            HttpRequest.BodyPublishers.ofString(
                                                                    "\r\n--b--\r\n")))
                                            .build(),
                                    HttpResponse.BodyHandlers.ofString())
                            .body();
            double in = (System.nanoTime() - start) / 1e9;
            String id = uploaded.replaceAll("(?s).*\"id\":\"([^\"]+)\".*", "$1");
            start = System.nanoTime();
            long bytes;
            try (InputStream back =
                    client.send(
                                    HttpRequest.newBuilder(
                                                    URI.create(files + "/" + id + "/content"))
                                            .build(),
                                    HttpResponse.BodyHandlers.ofInputStream())
                            .body()) {
                bytes = back.transferTo(OutputStream.nullOutputStream());
            }
            print(
                    "A file of %d bytes: uploaded in %.1f s, read in %.1f s, RSS %d MB",
                    bytes, in, (System.nanoTime() - start) / 1e9, penstock.rssMegabytes());
        }
    }

    private static Door door(
            Server penstock, String path, java.util.function.Function<String, String> body) {
        return new Door(path, new Load(penstock.port(), path, body), new Latencies());
    }

    private static void print(String format, Object... values) {
        System.out.println(String.format(Locale.ROOT, format, values));
    }
}
