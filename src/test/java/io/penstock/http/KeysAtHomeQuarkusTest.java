package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.testing.Caller;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import java.net.http.HttpRequest;
import org.junit.jupiter.api.Test;

/// On a machine of one's own no key is demanded, and one that is shown counts.
@QuarkusTest
class KeysAtHomeQuarkusTest extends PenstockTest {

    private Caller.Answer make(Caller by) {
        return by.send(
                        by.request("/keys")
                                .header("content-type", "application/json")
                                .POST(HttpRequest.BodyPublishers.ofString("{\"name\":\"team\"}"))
                                .build())
                .join();
    }

    @Test
    void whoeverHasTheMachineHasItsKeys() {
        assertThat(caller.complete("Say OK.").status()).isEqualTo(200);

        JsonNode key = make(caller).json();
        Caller team = caller.showing(key.path("key").asText());

        assertThat(team.complete("Say OK.").status()).isEqualTo(200);
        assertThat(make(team).status()).isEqualTo(403);
        assertThat(caller.showing("pk-none-such").complete("Say OK.").status()).isEqualTo(401);
        assertThat(caller.showing("sk-unused").complete("Say OK.").status()).isEqualTo(200);
        JsonNode batch =
                team.send(
                                team.request("/batch")
                                        .header("content-type", "application/json")
                                        .POST(
                                                HttpRequest.BodyPublishers.ofString(
                                                        "{\"prompts\":[\"a\"]}"))
                                        .build())
                        .join()
                        .json();
        String path = "/batch/" + batch.path("job_id").asText();
        assertThat(caller.send(caller.request(path).build()).join().status()).isEqualTo(200);
    }
}
