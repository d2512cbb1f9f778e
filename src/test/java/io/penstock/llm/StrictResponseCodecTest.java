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

    @ParameterizedTest
    @ValueSource(
            strings = {
                "no colon here",
                ": no name",
                "bad name: x",
                "bad\u0000name: x",
                "b\u00e4d: x",
                "x",
                " continues nothing",
                "no colon here\r\n but continued",
                "x-odd: a\u0000b\u0001\u007fc",
                "x-odd: a\rb",
                "x-odd: r\u00e9sum\u00e9 \u00ff",
                "x-odd: one\r\n two\r\n\tthree",
                "x-odd : spaced",
                "content-length: 5",
                "\u0080\u0081"
            })
    void aLineThatIsOddIsMendedOrPassedOver(String line) {
        String answer =
                "HTTP/1.1 200 O\u0001K\r\n"
                        + line
                        + "\r\ncontent-length: 5\r\nx-last: y\r\n\r\nhello";
        for (int cut = 1; cut < answer.length(); cut++) {
            ask();

            receive("HTTP/1.1 103 X\r\n" + line + "\r\n\r\n" + answer.substring(0, cut));
            receive(answer.substring(cut));

            assertThat(answers()).containsExactly("200 hello");
        }
        assertThat(channel.isOpen()).isTrue();
        assertThat(spoiled).hasValue(0);
    }

    @Test
    void whatIsLeftOfAnOddHeadIsWhatWasSoundInIt() {
        ask();

        receive(
                "HTTP/1.1 200 OK\r\nx-a: 1\r\nodd\r\n folded\r\nx-b: 2\u00003\r\n 4\r\nx-c: \u00e9\r\n"
                        + "content-length: 0\r\n\r\n");

        HttpResponse head = channel.readInbound();
        assertThat(head.headers().entries().stream().map(Object::toString))
                .containsExactly("x-a=1", "x-b=2 3 4", "x-c=\u00e9", "content-length=0");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "content-length: 5\r\ncontent-length: 6",
                "content-length: 5, 6",
                "content-length: 5\r\ntransfer-encoding: chunked",
                "content-length: 5\u0000",
                "content-length: 5\r\n 0",
                "content-length: 5\r\n ",
                "content-length 5",
                "content\u0000-length: 5",
                "\u0001content-length: 5",
                "content-length\u0000: 5",
                "content length: 5",
                "x: y\r\n content-length: 5",
                "transfer-encoding\u0001: chunked",
                "transfer-encoding: chunked\u0000",
                "transfer-encoding: chunked\r\n , identity",
                "transfer-encoding: chunked, gzip",
                "content-length: five",
                "content-length: -5",
                "content-length: +5",
            })
    void aHeadThatDoesNotSurelyTellWhereItsAnswerEndsIsNone(String lines) {
        ask();

        receive("HTTP/1.1 200 OK\r\nx-a: b\r\n" + lines + "\r\n\r\nhello");

        assertThat(unread().isAnswer()).isTrue();
        receive(ANSWER);
        assertThat(answers()).noneMatch(answer -> answer.startsWith("200"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SSH-2.0-OpenSSH_9.6\r\n",
                "<html>",
                "{\"choices\":[]}",
                "HTTX",
                "HTTP/2 200\r\n\r\n"
            })
    void anotherProtocolIsToldAtOnceByItsFirstWords(String bytes) {
        ask();

        receive(bytes);

        NotHttp unread = unread();
        assertThat(unread.isAnswer()).isFalse();
        assertThat(unread).hasMessageContaining(bytes.substring(0, 3).replaceAll("[<{\"]", "?"));
    }

    private NotHttp unread() {
        HttpResponse unread = channel.readInbound();
        assertThat(unread.decoderResult().isFailure()).isTrue();
        assertThat(unread.decoderResult().cause()).isInstanceOf(NotHttp.class);
        return (NotHttp) unread.decoderResult().cause();
    }

    @Test
    void oddTrailersAreNoReasonToThrowAnAnswerAway() {
        ask();

        receive(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx\u0001: y\u0000\r\n"
                        + "\r\n");

        assertThat(answers()).containsExactly("200 hello");
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
