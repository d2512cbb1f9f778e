package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.NamedAnswers;
import io.penstock.testing.NamedCallers;
import io.penstock.testing.NamedTally;
import io.penstock.testing.RawProvider;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// That no caller ever gets another's answer, whatever provider and callers do; `bench.MixUp` does
/// the same for long.
@QuarkusTest
@WithTestResource(MixUpQuarkusTest.Naming.class)
class MixUpQuarkusTest {

    private static final int CALLS_BEFORE_OTHER_BYTES = 2_500;

    public static class Naming implements QuarkusTestResourceLifecycleManager {

        private @Nullable RawProvider provider;

        /// After the provider of all other tests.
        @Override
        public int order() {
            return 1;
        }

        @Override
        public Map<String, String> start() {
            long seed = System.nanoTime();
            System.out.println("Seed " + seed);
            RawProvider started = new RawProvider(new NamedAnswers(seed, CALLS_BEFORE_OTHER_BYTES));
            provider = started;
            return Map.of(
                    "penstock.llm.base-url", started.baseUrl(),
                    "penstock.llm.backoff", "5ms",
                    "penstock.flow.max-waiting", "1000",
                    "penstock.flow.max-wait", "10s");
        }

        @Override
        public void stop() {
            if (provider != null) {
                provider.close();
            }
        }
    }

    @TestHTTPResource URI base;

    @Test
    void noCallGetsAnothersAnswer() throws Exception {
        NamedTally tally = new NamedCallers(base, System.nanoTime()).run(50, 40, 400, 60);

        assertThat(tally.wrong()).isEmpty();
        assertThat(tally.incomplete()).isEmpty();
        assertThat(tally.answers()).isGreaterThan(2_500);
        assertThat(tally.successes()).isGreaterThan(2_200);
        assertThat(tally.counts()).containsKeys("HTTP_1_1", "HTTP_2");
    }

    private static final Pattern LENGTH = Pattern.compile("(?im)^content-length: *(\\d+)");

    /// What stands between callers and Penstock may send the requests of many over one connection;
    /// a refused one must not leave bytes there that are taken for a request.
    @Test
    void requestsOfOneConnectionAreAnsweredInTheirOrder() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        List<String> expected = new ArrayList<>();
        StringBuilder requests = new StringBuilder();
        for (int i = 0; i < 60; i++) {
            String name = NamedAnswers.name("pipelined", i);
            String body = "{\"prompt\":\"" + NamedAnswers.prompt(name) + "\"}";
            String hidden = request("/complete", "application/json", body);
            switch (random.nextInt(5)) {
                case 0 -> {
                    requests.append(request("/nowhere", "application/json", hidden));
                    expected.add("404");
                }
                case 1 -> {
                    requests.append(request("/complete", "text/plain", hidden));
                    expected.add("415");
                }
                case 2 -> {
                    requests.append(request("/complete", "application/json", hidden));
                    expected.add("400");
                }
                default -> {
                    requests.append(hidden);
                    expected.add(name);
                }
            }
        }
        try (Socket socket = new Socket(base.getHost(), base.getPort())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream()
                    .write(requests.toString().getBytes(StandardCharsets.ISO_8859_1));
            InputStream in = new BufferedInputStream(socket.getInputStream());
            for (String wanted : expected) {
                String answer = answer(in);
                if (wanted.length() == 3) {
                    assertThat(answer).as("Seed %s", seed).startsWith("HTTP/1.1 " + wanted);
                    assertThat(NamedAnswers.NAME.matcher(answer).find()).isFalse();
                } else if (answer.startsWith("HTTP/1.1 200")) {
                    assertThat(answer).as("Seed %s", seed).contains(NamedAnswers.text(wanted));
                } else {
                    Matcher named = NamedAnswers.NAME.matcher(answer);
                    assertThat(named.results().allMatch(r -> r.group().equals(wanted))).isTrue();
                }
            }
        }
    }

    private static String request(String path, String type, String body) {
        return "POST "
                + path
                + " HTTP/1.1\r\nhost: localhost\r\ncontent-type: "
                + type
                + "\r\ncontent-length: "
                + body.length()
                + "\r\n\r\n"
                + body;
    }

    private static String answer(InputStream in) throws IOException {
        StringBuilder answer = new StringBuilder();
        while (answer.indexOf("\r\n\r\n") < 0) {
            int b = in.read();
            assertThat(b).as("after %s", answer).isNotNegative();
            answer.append((char) b);
        }
        Matcher length = LENGTH.matcher(answer);
        assertThat(length.find()).as("the length in %s", answer).isTrue();
        return answer
                + new String(
                        in.readNBytes(Integer.parseInt(length.group(1))), StandardCharsets.UTF_8);
    }
}
