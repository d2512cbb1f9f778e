package io.penstock.store.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

/// A service that closes a connection just when a request comes on it, as all do with those that
/// were idle for long.
class StaleConnectionTest {

    private final List<String> heads = new CopyOnWriteArrayList<>();
    private ServerSocket listening;
    private volatile int closing = 1;

    @BeforeEach
    void listen() throws IOException {
        listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        while (true) {
                            try (Socket client = listening.accept()) {
                                answer(client);
                            }
                        }
                    } catch (IOException closed) {
                        // The test is over.
                    }
                });
    }

    @AfterEach
    void stop() throws IOException {
        listening.close();
    }

    @Test
    void aFileIsSentAgain() {
        try (S3Client client = client(List.of(new WithoutExpect()))) {
            payloads(client).put("jobs/a/input.jsonl", new byte[] {'a'});
        }

        assertThat(heads)
                .hasSize(2)
                .allSatisfy(head ->
                        assertThat(head).startsWith("PUT ").doesNotContainIgnoringCase("expect:"));
    }

    @Test
    void whatTheSdkLetsThroughIsAFailureOfTheStore() {
        closing = Integer.MAX_VALUE;

        try (S3Client client = client(List.of())) {
            assertThatThrownBy(() -> payloads(client).put("jobs/a/input.jsonl", new byte[] {'a'}))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("AWS cannot be reached");
        }
    }

    /// Reads the head, and the body if the client sends it unasked.
    private void answer(Socket client) throws IOException {
        BufferedReader in =
                new BufferedReader(
                        new InputStreamReader(client.getInputStream(), StandardCharsets.US_ASCII));
        StringBuilder head = new StringBuilder();
        int length = 0;
        for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
            head.append(line).append('\n');
            if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
                length = Integer.parseInt(line.substring(line.indexOf(':') + 1).trim());
            }
        }
        heads.add(head.toString());
        if (heads.size() <= closing) {
            return;
        }
        in.skip(length);
        OutputStream out = client.getOutputStream();
        out.write(
                "HTTP/1.1 200 OK\r\nETag: \"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                        .getBytes(StandardCharsets.US_ASCII));
        out.flush();
    }

    private S3Client client(List<ExecutionInterceptor> interceptors) {
        return S3Client.builder()
                .endpointOverride(URI.create("http://127.0.0.1:" + listening.getLocalPort()))
                .region(Region.EU_CENTRAL_1)
                .credentialsProvider(
                        StaticCredentialsProvider.create(AwsBasicCredentials.create("key", "key")))
                .forcePathStyle(true)
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .httpClientBuilder(UrlConnectionHttpClient.builder())
                .overrideConfiguration(o -> interceptors.forEach(o::addExecutionInterceptor))
                .build();
    }

    private static Payloads payloads(S3Client client) {
        return new S3Payloads(
                new Bucket(client, "bucket"),
                () -> {
                    throw new AssertionError("No link is wanted");
                },
                new S3Sources(client, Set.of()));
    }
}
