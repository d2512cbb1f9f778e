package io.penstock.lambda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.testing.Caller;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.GoneException;

class PostsTest {

    /// AWS documentation, "API Gateway quotas for WebSocket APIs".
    private static final int MESSAGE_MAX = 128 << 10;

    private final List<String> taken = Collections.synchronizedList(new ArrayList<>());

    @Test
    void tokensThatComeMeanwhileGoTogetherAndNothingOvertakesThem() throws Exception {
        Semaphore gate = new Semaphore(0);
        Semaphore asked = new Semaphore(0);
        try (Posts posts =
                new Posts(message -> {
                    asked.release();
                    gate.acquireUninterruptibly();
                    taken.add(message);
                })) {
            posts.send(token("0"));
            asked.acquire();
            for (int i = 1; i < 100; i++) {
                posts.send(token(" " + i));
            }
            posts.send(Caller.JSON.createObjectNode().put("done", true).put("id", "a"));
            gate.release(Integer.MAX_VALUE / 2);
        }

        assertThat(taken).hasSize(3).allMatch(message -> message.contains("\"id\":\"a\""));
        assertThat(frame(1).path("token").asText()).startsWith(" 1 2 3 ").endsWith(" 98 99");
        assertThat(frame(2).path("done").asBoolean()).isTrue();
    }

    /// Each takes more bytes in JSON than in the text, or two characters for one.
    @ParameterizedTest
    @ValueSource(strings = {"\"", "\u0001", "\ud83d\ude80", "\u00e4"})
    void noMessageIsLargerThanTheGatewayTakesAndNoCharacterIsCut(String character)
            throws Exception {
        String text = "x" + character.repeat(90_001);
        try (Posts posts = new Posts(taken::add)) {
            posts.send(token(text));
        }

        StringBuilder whole = new StringBuilder();
        for (int i = 0; i < taken.size(); i++) {
            assertThat(taken.get(i).getBytes(StandardCharsets.UTF_8)).hasSizeLessThan(MESSAGE_MAX);
            whole.append(frame(i).path("token").asText());
        }
        assertThat(whole.toString()).isEqualTo(text);
    }

    @Test
    void afterAMessageThatDidNotGetThroughThereIsNone() throws Exception {
        Semaphore asked = new Semaphore(0);
        try (Posts posts =
                new Posts(message -> {
                    taken.add(message);
                    asked.release();
                    throw GoneException.builder().message("gone").build();
                })) {
            posts.send(token("a"));
            asked.acquire();

            // However many fit before it shows.
            assertThatThrownBy(
                            () -> {
                                while (true) {
                                    posts.send(Caller.JSON.createObjectNode().put("done", true));
                                }
                            })
                    .isInstanceOf(IllegalStateException.class);
            assertThat(posts.isBroken()).isTrue();
        }
        assertThat(taken).hasSize(1);
    }

    private static ObjectNode token(String text) {
        return Caller.JSON.createObjectNode().put("token", text).put("id", "a");
    }

    private JsonNode frame(int index) {
        return Caller.parse(taken.get(index));
    }
}
