package io.penstock.lambda;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2HTTPEvent;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2HTTPResponse;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.quarkus.netty.runtime.virtual.VirtualClientConnection;
import io.quarkus.netty.runtime.virtual.VirtualResponseHandler;
import io.quarkus.vertx.http.runtime.QuarkusHttpHeaders;
import io.quarkus.vertx.http.runtime.VertxHttpRecorder;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Answers events of an API Gateway HTTP API (payload format 2.0) with the same resources that
/// answer on a laptop, over Quarkus's in-memory HTTP channel.
///
/// Uses Quarkus classes that are public without being API; this is the only place that does.
///
/// Event and answer: AWS documentation, "Create AWS Lambda proxy integrations for HTTP APIs in API
/// Gateway".
@Named("http")
@ApplicationScoped
public class HttpHandler
        implements RequestHandler<APIGatewayV2HTTPEvent, APIGatewayV2HTTPResponse> {

    private static final Logger LOG = Logger.getLogger(HttpHandler.class);

    private static final HexFormat HEX = HexFormat.of().withUpperCase();

    /// What is left of the invocation's time for writing the answer.
    private static final long MARGIN_MILLIS = 500;

    /// Bytes of an answer's body in the function's answer, whose 6 MB ("Lambda quotas") hold its
    /// headers too.
    private static final int ANSWER_MAX = 6_200_000;

    @Override
    public APIGatewayV2HTTPResponse handleRequest(APIGatewayV2HTTPEvent event, Context context) {
        DefaultHttpRequest request;
        byte[] body;
        try {
            body = body(event);
            request = request(event, body.length);
        } catch (CharacterCodingException noText) {
            return error(
                    400,
                    "invalid_json",
                    "The body has half of a surrogate pair, which is no character; send both halves or"
                            + " neither.");
        } catch (IllegalArgumentException malformed) {
            return error(
                    400,
                    "bad_request",
                    "The event is none of an HTTP API with payload format 2.0.");
        }
        Collector collector = new Collector();
        VirtualClientConnection<?> connection =
                VirtualClientConnection.connect(
                        collector,
                        VertxHttpRecorder.VIRTUAL_HTTP,
                        new InetSocketAddress("127.0.0.1", 443));
        try {
            connection.sendMessage(request);
            connection.sendMessage(new DefaultLastHttpContent(Unpooled.wrappedBuffer(body)));
            long left = Math.max(1, context.getRemainingTimeInMillis() - MARGIN_MILLIS);
            return collector.answer.get(left, TimeUnit.MILLISECONDS);
        } catch (TimeoutException _) {
            return error(
                    504,
                    "deadline_exceeded",
                    "The function's time is up; ask for fewer tokens, stream, or send a batch.");
        } catch (ExecutionException broken) {
            LOG.error("A request found no answer", broken.getCause());
            return error(500, "internal_error", "Penstock failed on this request.");
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return error(503, "shutting_down", "Penstock is shutting down; try again.");
        } finally {
            connection.close();
        }
    }

    /// @throws CharacterCodingException when its text cannot be passed on unchanged
    private static byte[] body(APIGatewayV2HTTPEvent event) throws CharacterCodingException {
        if (event.getBody() == null) {
            return new byte[0];
        }
        if (event.getIsBase64Encoded()) {
            return Base64.getDecoder().decode(event.getBody());
        }
        ByteBuffer encoded =
                StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(event.getBody()));
        byte[] bytes = new byte[encoded.remaining()];
        encoded.get(bytes);
        return bytes;
    }

    private static DefaultHttpRequest request(APIGatewayV2HTTPEvent event, int length) {
        HttpMethod method = method(event);
        String query = event.getRawQueryString();
        String path = encoded(event.getRawPath());
        String uri = query == null || query.isEmpty() ? path : path + "?" + query;
        QuarkusHttpHeaders headers = new QuarkusHttpHeaders();
        DefaultHttpRequest request =
                new DefaultHttpRequest(HttpVersion.HTTP_1_1, method, uri, headers);
        if (event.getHeaders() != null) {
            event.getHeaders()
                    .forEach((name, value) -> {
                        if (value != null && !framing(name)) {
                            headers.add(name, value);
                        }
                    });
        }
        if (event.getCookies() != null) {
            headers.add("cookie", String.join("; ", event.getCookies()));
        }
        if (!headers.contains("host")) {
            headers.add("host", "localhost");
        }
        // The channel takes header values as strings only.
        headers.set("content-length", Integer.toString(length));
        return request;
    }

    /// The path of an event may be decoded: what cannot stand in a request line is encoded again.
    private static String encoded(String path) {
        StringBuilder encoded = new StringBuilder(path.length());
        for (byte b : path.getBytes(StandardCharsets.UTF_8)) {
            if (b <= ' ' || b == 0x7f || "\"<>\\^`{|}#?".indexOf(b) >= 0) {
                encoded.append('%').append(HEX.toHexDigits(b));
            } else {
                encoded.append((char) b);
            }
        }
        return encoded.toString();
    }

    /// @throws IllegalArgumentException when the event has none
    private static HttpMethod method(APIGatewayV2HTTPEvent event) {
        if (event.getRawPath() == null
                || event.getRequestContext() == null
                || event.getRequestContext().getHttp() == null
                || event.getRequestContext().getHttp().getMethod() == null) {
            throw new IllegalArgumentException("No path or no method");
        }
        return HttpMethod.valueOf(event.getRequestContext().getHttp().getMethod());
    }

    /// The body's framing is ours: the gateway has taken the caller's apart. `Expect` asks for an
    /// interim answer before a body that is here already, and an event has one answer.
    private static boolean framing(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "content-length", "transfer-encoding", "expect" -> true;
            default -> false;
        };
    }

    private static APIGatewayV2HTTPResponse error(int status, String code, String message) {
        APIGatewayV2HTTPResponse answer = new APIGatewayV2HTTPResponse();
        answer.setStatusCode(status);
        answer.setHeaders(Map.of("content-type", "application/json"));
        answer.setBody(
                """
                {"error":{"message":"%s","type":"%s","param":null,"code":"%s"}}\
                """
                        .formatted(
                                message,
                                status < 500 ? "invalid_request_error" : "server_error",
                                code));
        return answer;
    }

    /// Collects the messages of one answer until the last. Called by one thread at a time.
    private static final class Collector implements VirtualResponseHandler {

        private final CompletableFuture<APIGatewayV2HTTPResponse> answer =
                new CompletableFuture<>();
        private final APIGatewayV2HTTPResponse building = new APIGatewayV2HTTPResponse();
        private final ByteArrayOutputStream body = new ByteArrayOutputStream();

        @Override
        public void handleMessage(Object message) {
            try {
                if (message instanceof HttpResponse head) {
                    head(head);
                }
                if (message instanceof HttpContent content) {
                    content.content().readBytes(body, content.content().readableBytes());
                }
                if (message instanceof LastHttpContent) {
                    finish();
                }
            } catch (IOException impossible) {
                answer.completeExceptionally(new UncheckedIOException(impossible));
            } finally {
                ReferenceCountUtil.release(message);
            }
        }

        @Override
        public void close() {
            answer.completeExceptionally(
                    new IllegalStateException("The in-memory connection was closed."));
        }

        private void head(HttpResponse head) {
            building.setStatusCode(head.status().code());
            Map<String, String> headers = new HashMap<>();
            for (String name : head.headers().names()) {
                List<String> values = head.headers().getAll(name);
                if ("set-cookie".equalsIgnoreCase(name)) {
                    building.setCookies(values);
                } else if (!framing(name)) {
                    headers.put(name.toLowerCase(Locale.ROOT), String.join(",", values));
                }
            }
            building.setHeaders(headers);
        }

        private void finish() {
            boolean isText =
                    isText(building.getHeaders().get("content-type"))
                            && escaped(body.toByteArray()) <= ANSWER_MAX;
            if (!isText && (body.size() + 2L) / 3 * 4 > ANSWER_MAX) {
                answer.complete(
                        error(
                                413,
                                "answer_too_large",
                                "The answer is larger than the 6 MB that a function may give; ask for less of"
                                        + " it: pages of results with limit, completions with max_tokens."));
                return;
            }
            if (isText) {
                building.setBody(body.toString(StandardCharsets.UTF_8));
            } else if (body.size() > 0) {
                building.setIsBase64Encoded(true);
                building.setBody(Base64.getEncoder().encodeToString(body.toByteArray()));
            }
            answer.complete(building);
        }

        /// Bytes of a text as a JSON string: what is escaped takes two, controls without a letter
        /// of their own take six.
        private static long escaped(byte[] text) {
            long size = 0;
            for (byte b : text) {
                size += b == '"' || b == '\\' || b == '\n' || b == '\r' || b == '\t' ? 2 : 1;
                if (b >= 0 && b < ' ' && b != '\n' && b != '\r' && b != '\t') {
                    size += 5;
                }
            }
            return size;
        }

        private static boolean isText(@Nullable String contentType) {
            return contentType != null
                    && (contentType.startsWith("text/") || contentType.contains("json"));
        }
    }
}
