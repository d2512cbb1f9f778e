package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.Caller;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;

/// A page in a browser reaches nothing here, in any of the ways that pages have; programs, pages of
/// our own and of the origins that may, do.
@QuarkusTest
@TestProfile(OriginsQuarkusTest.OneOther.class)
class OriginsQuarkusTest extends PenstockTest {

    private static final String FRIEND = "https://app.example.com";
    private static final String EVIL = "https://evil.example";
    private static final String BODY = "{\"prompt\":\"Say OK.\"}";

    public static class OneOther implements QuarkusTestProfile {

        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of(
                    "penstock.http.origins", FRIEND, "penstock.http.hosts", "api.example.com");
        }
    }

    /// What is sent, and the status that it gets.
    private record Try(int status, String method, String path, String... headers) {}

    @Test
    void pagesOfOtherOriginsRunNothing() throws IOException {
        List<Try> tries = new ArrayList<>();
        for (String origin :
                List.of(
                        EVIL,
                        "null",
                        "http://localhost:1",
                        "https://app.example.com.evil.example")) {
            tries.add(
                    new Try(
                            403,
                            "POST",
                            "/complete",
                            "origin: " + origin,
                            "content-type: application/json"));
            tries.add(new Try(403, "POST", "/batch", "origin: " + origin));
            tries.add(
                    new Try(
                            403,
                            "POST",
                            "/v1/files",
                            "origin: " + origin,
                            "content-type: multipart/form-data; boundary=x"));
            tries.add(new Try(403, "POST", "/batch/x/cancel", "origin: " + origin));
            tries.add(new Try(403, "GET", "/batch", "origin: " + origin));
            tries.add(new Try(403, "GET", "/q/metrics", "origin: " + origin));
            tries.add(
                    new Try(
                            403,
                            "OPTIONS",
                            "/complete",
                            "origin: " + origin,
                            "access-control-request-method: POST"));
            tries.add(
                    new Try(
                            403,
                            "GET",
                            "/stream",
                            "origin: " + origin,
                            "connection: upgrade",
                            "upgrade: websocket",
                            "sec-websocket-version: 13",
                            "sec-websocket-key: AQIDBAUGBwgJCgsMDQ4PEA=="));
        }
        tries.add(
                new Try(
                        403,
                        "GET",
                        "/batch",
                        "sec-fetch-site: cross-site",
                        "sec-fetch-mode: no-cors",
                        "sec-fetch-dest: script"));
        tries.add(
                new Try(
                        403,
                        "GET",
                        "/batch",
                        "sec-fetch-site: same-site",
                        "sec-fetch-mode: no-cors",
                        "sec-fetch-dest: image"));
        tries.add(
                new Try(
                        403,
                        "GET",
                        "/batch",
                        "sec-fetch-site: cross-site",
                        "sec-fetch-mode: navigate",
                        "sec-fetch-dest: iframe"));
        tries.add(
                new Try(
                        403,
                        "POST",
                        "/batch",
                        "sec-fetch-site: cross-site",
                        "sec-fetch-mode: navigate",
                        "sec-fetch-dest: document"));

        SoftAssertions all = new SoftAssertions();
        for (Try one : tries) {
            String answer = send(one, own());
            all.assertThat(answer)
                    .as("%s", one)
                    .startsWith("HTTP/1.1 403")
                    .contains("\"code\":\"foreign_origin\"", "penstock.http.origins");
            all.assertThat(answer.toLowerCase(Locale.ROOT))
                    .as("%s", one)
                    .doesNotContain("access-control-allow-origin");
        }
        all.assertAll();
        assertThat(provider.wholeLog()).isEmpty();
    }

    @Test
    void aPageUnderANameOfItsOwnRunsNothing() throws IOException {
        for (String host :
                List.of(
                        "evil.example:" + base.getPort(),
                        "evil.example",
                        "127.0.0.1.evil.example",
                        "localhost.evil.example",
                        "10.0.0.1")) {
            Try page =
                    new Try(
                            421,
                            "POST",
                            "/complete",
                            "origin: http://" + host,
                            "content-type: application/json");
            assertThat(send(page, host))
                    .startsWith("HTTP/1.1 421")
                    .contains("\"code\":\"unknown_host\"", "penstock.http.hosts");
        }
        assertThat(provider.wholeLog()).isEmpty();
    }

    @Test
    void programsAndOurOwnPagesPass() throws IOException {
        for (String host :
                List.of(
                        own(),
                        "localhost",
                        "127.0.0.1:" + base.getPort(),
                        "[::1]:1",
                        "penstock.localhost",
                        "LOCALHOST.",
                        "api.example.com")) {
            Try program = new Try(200, "POST", "/complete", "content-type: application/json");
            assertThat(send(program, host)).as(host).startsWith("HTTP/1.1 200");
        }
        Try page =
                new Try(
                        200,
                        "POST",
                        "/complete",
                        "origin: http://" + own(),
                        "sec-fetch-site: same-origin",
                        "content-type: application/json");
        assertThat(send(page, own())).startsWith("HTTP/1.1 200");
        Try link =
                new Try(
                        200,
                        "GET",
                        "/batch",
                        "sec-fetch-site: cross-site",
                        "sec-fetch-mode: navigate",
                        "sec-fetch-dest: document");
        assertThat(send(link, own())).startsWith("HTTP/1.1 200");
    }

    @Test
    void pagesOfAnOriginThatMayReadAnswersAndErrors() {
        Caller.Answer preflight =
                caller.send(
                                caller.request("/complete")
                                        .method("OPTIONS", HttpRequest.BodyPublishers.noBody())
                                        .header("origin", FRIEND)
                                        .header("access-control-request-method", "POST")
                                        .header(
                                                "access-control-request-headers",
                                                "authorization,content-type")
                                        .build())
                        .join();
        Caller.Answer answer =
                caller.send(caller.json(BODY).header("origin", FRIEND).build()).join();
        Caller.Answer wrong = caller.send(caller.json("{").header("origin", FRIEND).build()).join();

        assertThat(preflight.status()).isEqualTo(200);
        assertThat(preflight.header("access-control-allow-origin")).isEqualTo(FRIEND);
        assertThat(preflight.header("access-control-allow-headers")).contains("authorization");
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.header("access-control-allow-origin")).isEqualTo(FRIEND);
        assertThat(answer.header("access-control-expose-headers"))
                .contains("x-request-id", "retry-after", "x-should-retry");
        assertThat(wrong.status()).isEqualTo(400);
        assertThat(wrong.header("access-control-allow-origin")).isEqualTo(FRIEND);
    }

    private String own() {
        return "localhost:" + base.getPort();
    }

    /// Past the JDK's client, which names origins and hosts itself.
    private String send(Try one, String host) throws IOException {
        try (Socket socket = new Socket("localhost", base.getPort())) {
            String body = one.method.equals("POST") ? BODY : "";
            String head =
                    one.method
                            + " "
                            + one.path
                            + " HTTP/1.1\r\nhost: "
                            + host
                            + "\r\n"
                            + String.join("\r\n", one.headers)
                            + (one.headers.length == 0 ? "" : "\r\n")
                            + "content-length: "
                            + body.length()
                            + "\r\n"
                            + (String.join("", one.headers).contains("upgrade")
                                    ? ""
                                    : "connection: close\r\n")
                            + "\r\n";
            socket.getOutputStream().write((head + body).getBytes(StandardCharsets.UTF_8));
            socket.setSoTimeout(20_000);
            byte[] answer = new byte[16 << 10];
            int count = 0;
            for (int read = 0;
                    read >= 0 && count < answer.length;
                    read = socket.getInputStream().read(answer, count, answer.length - count)) {
                count += read;
                if (one.path.equals("/stream")
                        && new String(answer, 0, count, StandardCharsets.UTF_8).contains("}}")) {
                    break;
                }
            }
            return new String(answer, 0, count, StandardCharsets.UTF_8);
        }
    }
}
