package io.penstock.testing;

import io.penstock.testing.RawAnswers.RawAnswer;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Points the application at a [RawProvider] that answers by the marker in the prompt: with the one
/// of [RawAnswers] that has its name, or in one of the ways that are named here. It tells what it
/// was asked at `/v1/asked/MARKER`.
public class RawProviderResource implements QuarkusTestResourceLifecycleManager {

    private final Map<String, RawAnswer> answers =
            RawAnswers.all().stream()
                    .collect(Collectors.toMap(RawAnswer::name, Function.identity()));

    private @Nullable RawProvider provider;

    @Override
    public Map<String, String> start() {
        RawProvider started = new RawProvider(this::answer);
        provider = started;
        return Map.ofEntries(
                Map.entry("penstock.llm.base-url", started.baseUrl()),
                Map.entry("penstock.llm.api-key", "sk-test-0123456789abcdef"),
                Map.entry("penstock.llm.timeout", "20s"),
                Map.entry("penstock.llm.max-attempts", "3"),
                Map.entry("penstock.llm.backoff", "10ms"),
                Map.entry("penstock.llm.max-backoff", "20ms"),
                Map.entry("penstock.flow.breaker-failures", "0"),
                Map.entry("penstock.flow.start-concurrency", "10000"),
                // Each test asks for all of its answers at once.
                Map.entry("penstock.flow.max-waiting", "10000"),
                Map.entry("penstock.store.directory", SimulatedProviderResource.dataDirectory()),
                Map.entry("quarkus.http.test-port", "0"));
    }

    @Override
    public void stop() {
        if (provider != null) {
            provider.close();
        }
    }

    private boolean answer(RawProvider.Asked asked, OutputStream out)
            throws IOException, InterruptedException {
        String marker = asked.marker();
        RawAnswer known = answers.get(marker);
        if (known != null) {
            out.write(known.http());
        } else if (asked.head().startsWith("get ")) {
            out.write(told(asked.head().split(" ")[1]));
        } else if (marker.startsWith("interim-")) {
            interim(marker, out);
        } else if (marker.startsWith("limit.")) {
            out.write(limited(marker.substring("limit.".length())));
        } else if (marker.equals("headers")) {
            out.write(completion(marker, "x-long: " + "y".repeat(60_000)));
        } else if (OddAnswers.of(asked, body(marker)) instanceof byte[] odd) {
            out.write(odd);
        } else if (marker.startsWith("strict") && asked.body().contains("stream_options")) {
            out.write(
                    RawProvider.http(
                            422,
                            "application/json",
                            """
                            {"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],
                             "msg":"Extra inputs are not permitted"}]}\
                            """
                                    .getBytes(StandardCharsets.UTF_8)));
        } else if (marker.startsWith("old") && asked.body().contains("max_completion_tokens")) {
            out.write(
                    RawProvider.http(
                            400,
                            "application/json",
                            "{\"message\":\"Unrecognized request argument: max_completion_tokens\"}"
                                    .getBytes(StandardCharsets.UTF_8)));
        } else if (marker.startsWith("wait") && asked.ofMarker() == 0) {
            out.write(
                    RawProvider.http(
                            429,
                            "application/json",
                            "[{\"error\":{\"code\":429,\"details\":[{\"retryDelay\":\"1.5s\"}]}}]"
                                    .getBytes(StandardCharsets.UTF_8)));
        } else {
            out.write(completion(marker));
        }
        return true;
    }

    private byte[] told(String path) {
        StringBuilder json = new StringBuilder("[");
        if (provider != null) {
            for (RawProvider.Asked one :
                    provider.asked(path.substring(path.lastIndexOf('/') + 1))) {
                json.append(json.length() > 1 ? "," : "")
                        .append("{\"at_ms\":")
                        .append(one.atNanos() / 1_000_000)
                        .append(",\"body\":")
                        .append(one.body())
                        .append('}');
            }
        }
        return RawProvider.http(
                200,
                "application/json",
                json.append(']').toString().getBytes(StandardCharsets.UTF_8));
    }

    /// `interim-STATUS-HOW-N`
    private static void interim(String marker, OutputStream out)
            throws IOException, InterruptedException {
        String[] parts = marker.split("-");
        String interim = "HTTP/1.1 " + parts[1] + " X\r\nlink: </a>; rel=preload\r\n\r\n";
        out.write(interim.getBytes(StandardCharsets.ISO_8859_1));
        if (parts[2].equals("apart")) {
            out.flush();
            Thread.sleep(5);
        }
        out.write(completion(marker));
        if (parts[2].equals("twice")) {
            out.write(completion("second-" + marker));
        }
    }

    /// `LIMIT.REMAINING`, each without a sign or a point: `m1` is −1, `0p5` is 0.5.
    private static byte[] limited(String marker) {
        String[] both = marker.replace('m', '-').split("\\.");
        String limit = both[0].replace('p', '.');
        String left = both[1].replace('p', '.');
        return completion(
                "limit." + marker,
                "x-ratelimit-limit-requests: " + limit,
                "x-ratelimit-remaining-requests: " + left,
                "x-ratelimit-limit-tokens: " + limit,
                "x-ratelimit-remaining-tokens: " + left);
    }

    private static byte[] completion(String text, String... headers) {
        return RawProvider.http(200, "application/json", body(text), headers);
    }

    private static byte[] body(String text) {
        return ("{\"id\":\"c\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\""
                        + text
                        + "\"},\"finish_reason\":\"stop\"}]}")
                .getBytes(StandardCharsets.UTF_8);
    }
}
