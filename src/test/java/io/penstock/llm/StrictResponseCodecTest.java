package io.penstock.llm;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StrictResponseCodecTest {

    private static final String ANSWER = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

    private final AtomicInteger spoiled = new AtomicInteger();
    private final EmbeddedChannel channel =
            new EmbeddedChannel(new StrictResponseCodec(8192, spoiled::incrementAndGet));

    @ParameterizedTest
    @ValueSource(ints = {100, 102, 103, 104, 150, 199})
    void interimAnswersArePassedOver(int status) {
        ask();

        receive("HTTP/1.1 " + status + " X\r\nlink: </a>\r\n\r\n");
        receive("HTTP/1.1 " + status + " X\r\n\r\n" + ANSWER);

        assertThat(answers()).containsExactly("200 hello");
        assertThat(channel.isOpen()).isTrue();
        assertThat(spoiled).hasValue(0);
    }

    @Test
    void aConnectionServesOneRequestAfterTheOtherHoweverItsBytesAreCut() {
        long seed = System.nanoTime();
        System.out.println("Seed " + seed);
        Random random = new Random(seed);
        for (int i = 0; i < 200; i++) {
            ask();
            String answer =
                    (random.nextBoolean() ? "HTTP/1.1 102 Processing\r\n\r\n" : "")
                            + "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nnr \r\n"
                            + Integer.toHexString(Integer.toString(i).length())
                            + "\r\n"
                            + i
                            + "\r\n0\r\n\r\n";
            int from = 0;
            while (from < answer.length()) {
                int to = Math.min(answer.length(), from + 1 + random.nextInt(20));
                receive(answer.substring(from, to));
                from = to;
            }
            assertThat(answers()).containsExactly("200 nr " + i);
        }
        assertThat(spoiled).hasValue(0);
    }

    @ParameterizedTest
    @ValueSource(strings = {ANSWER, "x", "\r\n", "HTTP/1.1 2"})
    void bytesBehindAnAnswerCloseItsConnectionAndLeaveItAsItIs(String more) {
        ask();

        receive(ANSWER + more);

        assertThat(answers()).containsExactly("200 hello close");
        assertThat(spoiled).hasValue(1);
        receive(ANSWER);
        assertThat(answers()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {ANSWER, "x", "HTTP/1.1 2"})
    void bytesThatNobodyAskedForCloseTheConnection(String bytes) {
        ask();
        receive(ANSWER);
        assertThat(answers()).containsExactly("200 hello");

        receive(bytes);

        assertThat(channel.isOpen()).isFalse();
        assertThat(answers()).isEmpty();
        assertThat(spoiled).hasValue(1);
    }

    @Test
    void aFarewellOnAnIdleConnectionClosesItWithoutDistrust() {
        ask();
        receive(ANSWER);
        assertThat(answers()).containsExactly("200 hello");

        receive("HTTP/1.0 408 Request Timeout\r\nconnection: close\r\n\r\n");

        assertThat(channel.isOpen()).isFalse();
        assertThat(answers()).isEmpty();
        assertThat(spoiled).hasValue(0);
    }

    @Test
    void anotherProtocolClosesTheConnection() {
        ask();

        receive("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n");

        assertThat(channel.isOpen()).isFalse();
        assertThat(answers()).isEmpty();
        assertThat(spoiled).hasValue(1);
    }

    @Test
    void anInterimAnswerThatCannotBeReadIsAFailureAtOnce() {
        ask();

        receive("HTTP/1.1 102 Processing\r\nx: " + "y".repeat(9000));

        HttpResponse unread = channel.readInbound();
        assertThat(unread.decoderResult().isFailure()).isTrue();
    }

    @Test
    void anAnswerThatComesBeforeItsRequestIsWrittenToTheEndIsTheLastOnItsConnection() {
        channel.writeOneOutbound(request());

        receive(ANSWER);

        assertThat(answers()).containsExactly("200 hello close");
        assertThat(channel.isOpen()).isFalse();
        assertThat(spoiled).hasValue(0);
    }

    private static DefaultFullHttpRequest request() {
        return new DefaultFullHttpRequest(
                HttpVersion.HTTP_1_1, HttpMethod.POST, "/", Unpooled.EMPTY_BUFFER);
    }

    private void ask() {
        channel.writeOutbound(request());
        channel.releaseOutbound();
    }

    private void receive(String bytes) {
        if (channel.isOpen()) {
            channel.writeInbound(Unpooled.copiedBuffer(bytes, StandardCharsets.ISO_8859_1));
        }
    }

    /// Each with its status, its body, and whether its connection closes.
    private List<String> answers() {
        List<String> answers = new ArrayList<>();
        StringBuilder answer = new StringBuilder();
        HttpResponse head = null;
        for (Object message = channel.readInbound();
                message != null;
                message = channel.readInbound()) {
            if (message instanceof HttpResponse response) {
                head = response;
                answer.append(response.status().code()).append(' ');
            }
            if (message instanceof HttpContent content) {
                answer.append(content.content().toString(StandardCharsets.ISO_8859_1));
                content.release();
            }
            if (message instanceof LastHttpContent && head != null) {
                answers.add(answer + (head.headers().contains("connection") ? " close" : ""));
                answer.setLength(0);
            }
        }
        return answers;
    }
}
