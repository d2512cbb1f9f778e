package io.penstock.lambda;

import static io.penstock.testing.Caller.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Caller;
import io.penstock.testing.Function;
import io.penstock.testing.Function.Answer;
import io.penstock.testing.Provider;
import io.penstock.testing.RecordingServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What really goes to the provider, and what a caller hears when the provider is not there.
class WireIT {

    @Test
    void everyOptionReachesTheProviderAndNothingElse() throws InterruptedException {
        try (RecordingServer server = new RecordingServer();
                Function function =
                        new Function(
                                Map.of(
                                        "OPENAI_BASE_URL",
                                        server.baseUrl() + "/",
                                        "OPENAI_API_KEY",
                                        "sk-wire-0123456789abcdef"))) {
            Answer answer =
                    function.complete(
                            prompt("{x} {{y}} \"quoted\" ä\n")
                                    .put("model", "any/model:1")
                                    .put("system", "Sys {z}")
                                    .put("temperature", 0.25)
                                    .put("max_tokens", 7)
                                    .set(
                                            "response_format",
                                            Caller.JSON
                                                    .createObjectNode()
                                                    .put("type", "json_object")));
            RecordingServer.Received received = server.take();

            assertThat(received.path()).isEqualTo("/some/v1/chat/completions");
            assertThat(received.headers().getFirst("authorization"))
                    .isEqualTo("Bearer sk-wire-0123456789abcdef");
            assertThat(received.body())
                    .isEqualTo(
                            Caller.parse(
                                    """
                                    {"model":"any/model:1",
                                     "messages":[{"role":"system","content":"Sys {z}"},
                                                 {"role":"user","content":"{x} {{y}} \\"quoted\\" ä\\n"}],
                                     "temperature":0.25,
                                     "max_completion_tokens":7,
                                     "response_format":{"type":"json_object"}}\
                                    """));
            assertThat(answer.body())
                    .isEqualTo(
                            Caller.parse(
                                    """
                                    {"result":"ok","id":"c1","model":"served-model","finish_reason":"stop",
                                     "usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3},
                                     "provider_request_id":"req_recorded","attempts":1}\
                                    """));
        }
    }

    @Test
    void aServerWithoutKeysAndWithTheOldFieldIsServedToo() throws InterruptedException {
        try (RecordingServer server = new RecordingServer();
                Function function =
                        new Function(
                                Map.of(
                                        "OPENAI_BASE_URL",
                                        server.baseUrl(),
                                        "PENSTOCK_LLM_MAX_TOKENS_FIELD",
                                        "max_tokens"))) {
            function.complete(prompt("a").put("max_tokens", 7));
            RecordingServer.Received received = server.take();

            assertThat(received.headers()).doesNotContainKey("Authorization");
            assertThat(received.body())
                    .isEqualTo(
                            Caller.parse(
                                    """
                                    {"model":"gpt-4o-mini","max_tokens":7,
                                     "messages":[{"role":"user","content":"a"}]}\
                                    """));
        }
    }

    @Test
    void aProviderThatIsNotThereIsNamedWithAReason() throws IOException {
        int closed;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            closed = socket.getLocalPort();
        }
        check("http://127.0.0.1:" + closed + "/v1", "127.0.0.1:" + closed, "nothing answers there");
        check(
                "https://no-such-host.invalid/v1",
                "no-such-host.invalid",
                "its name is unknown here");
    }

    /// A certificate that nobody vouches for is the only kind that a test can have; that it is
    /// refused shows that TLS is there and checks.
    @Test
    void aProviderThatNobodyVouchesForIsNotTrusted(@TempDir Path folder) throws Exception {
        HttpsServer server =
                HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(selfSigned(folder)));
        server.start();
        try {
            String authority = "localhost:" + server.getAddress().getPort();
            check("https://" + authority + "/v1", authority, "no secure connection could be made");
        } finally {
            server.stop(0);
        }
    }

    @Test
    void aProviderWhoseAuthorityIsTrustedIsCalledOverTls(@TempDir Path folder) throws Exception {
        SSLContext context = selfSigned(folder);
        try (RecordingServer server = new RecordingServer(context);
                Function function =
                        new Function(
                                Map.of("OPENAI_BASE_URL", server.baseUrl()),
                                List.of(
                                        "-Djavax.net.ssl.trustStore=" + folder.resolve("keys.p12"),
                                        "-Djavax.net.ssl.trustStorePassword=changeit"))) {
            Answer answer = function.complete(prompt("in secret"));

            assertThat(answer.status()).as(answer.toString()).isEqualTo(200);
            assertThat(server.take().body().path("messages").path(0).path("content").asText())
                    .isEqualTo("in secret");
        }
    }

    /// A listener whose queue is full answers no further connection: the caller hears of it after
    /// the configured time, well before its own deadline.
    @Test
    void connectingTakesNoLongerThanConfigured() throws IOException {
        List<SocketChannel> waiting = new ArrayList<>();
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Function function =
                        new Function(
                                Map.of(
                                        "OPENAI_BASE_URL",
                                                "http://127.0.0.1:" + full.getLocalPort() + "/v1",
                                        "PENSTOCK_LLM_CONNECT_TIMEOUT", "200ms",
                                        "PENSTOCK_LLM_MAX_ATTEMPTS", "1"))) {
            for (int i = 0; i < 16; i++) {
                SocketChannel channel = SocketChannel.open();
                waiting.add(channel);
                channel.configureBlocking(false);
                channel.connect(full.getLocalSocketAddress());
            }

            Answer answer = function.complete(prompt("queued?").put("timeout_ms", 3000));

            assertThat(answer.body().path("error").path("code").asText()).isEqualTo("transport");
        } finally {
            for (SocketChannel channel : waiting) {
                channel.close();
            }
        }
    }

    @Test
    void theEndOfTheFunctionsTimeEndsTheCallAtTheProvider() {
        try (SimulatedProvider simulated =
                        SimulatedProvider.start(SimulatedProvider.Options.defaults());
                Function function =
                        new Function(
                                Map.of(
                                        "OPENAI_BASE_URL",
                                        simulated.baseUrl(),
                                        "OPENAI_API_KEY",
                                        "k"),
                                Duration.ofSeconds(3))) {
            Answer answer = function.complete(prompt("too long [[sim fault=hang]]"));
            Provider provider = Provider.at(simulated.baseUrl());
            provider.await("in_flight_at_most=0", Duration.ofSeconds(10));

            assertThat(answer.status()).isEqualTo(504);
            assertThat(provider.log("too long"))
                    .hasSize(1)
                    .allSatisfy(
                            entry -> assertThat(entry.path("end").asText()).isEqualTo("aborted"));
        }
    }

    @Test
    void halfACharacterInAnEventIsRefusedAndAWholeOneSentAsItIs() throws InterruptedException {
        try (RecordingServer server = new RecordingServer();
                Function function = new Function(Map.of("OPENAI_BASE_URL", server.baseUrl()))) {
            Answer half = function.invoke(event("half \\ud83d"));
            Answer whole = function.invoke(event("whole \\ud83d\\ude80"));
            RecordingServer.Received received = server.take();

            assertThat(half.status()).isEqualTo(400);
            assertThat(half.body().path("error").path("code").asText()).isEqualTo("invalid_json");
            assertThat(whole.status()).isEqualTo(200);
            assertThat(received.body().path("messages").path(0).path("content").asText())
                    .isEqualTo("whole \ud83d\ude80");
        }
    }

    /// @param prompt with escapes of the event's own JSON, which its body no longer has
    private static String event(String prompt) {
        return """
        {"version":"2.0","rawPath":"/complete","rawQueryString":"","isBase64Encoded":false,
         "headers":{"content-type":"application/json"},"requestContext":{"http":{"method":"POST"}},
         "body":"{\\"prompt\\":\\"%s\\"}"}\
        """
                .formatted(prompt);
    }

    private static SSLContext selfSigned(Path folder) throws Exception {
        Path store = folder.resolve("keys.p12");
        char[] password = "changeit".toCharArray();
        int exit =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "keytool")
                                        .toString(),
                                "-genkeypair",
                                "-keyalg",
                                "EC",
                                "-dname",
                                "CN=localhost",
                                "-ext",
                                "SAN=dns:localhost",
                                "-storetype",
                                "PKCS12",
                                "-keystore",
                                store.toString(),
                                "-storepass",
                                new String(password))
                        .inheritIO()
                        .start()
                        .waitFor();
        assertThat(exit).isZero();
        KeyStore keys = KeyStore.getInstance(store.toFile(), password);
        KeyManagerFactory factory =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(keys, password);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(factory.getKeyManagers(), null, null);
        return context;
    }

    private static void check(String baseUrl, String authority, String reason) {
        try (Function function =
                new Function(
                        Map.of(
                                "OPENAI_BASE_URL", baseUrl,
                                "PENSTOCK_LLM_BACKOFF", "1ms",
                                "PENSTOCK_LLM_MAX_ATTEMPTS", "2"))) {
            Answer answer = function.complete(prompt("anybody?"));

            assertThat(answer.status()).isEqualTo(502);
            assertThat(answer.body().path("error").path("code").asText()).isEqualTo("transport");
            assertThat(answer.body().path("error").path("message").asText())
                    .contains(authority, reason);
            assertThat(answer.headers().path("x-penstock-attempts").asText()).isEqualTo("2");
        }
    }
}
