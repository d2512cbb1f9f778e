package io.penstock.http;

import static io.penstock.testing.Caller.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.observability.api.event.AiServiceCompletedEvent;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.PenstockTest;
import io.quarkiverse.langchain4j.observability.AiServiceSelector;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The events of AI services reach an application's observers.
@QuarkusTest
class AiServiceEventsQuarkusTest extends PenstockTest {

    @Singleton
    static class Observers {

        private final List<Object> ofAll = new CopyOnWriteArrayList<>();
        private final List<Object> ofAnother = new CopyOnWriteArrayList<>();

        void completed(@Observes AiServiceCompletedEvent event) {
            ofAll.add(event.result().orElseThrow());
        }

        void anotherCompleted(
                @Observes @AiServiceSelector(AiServiceEventsQuarkusTest.class)
                        AiServiceCompletedEvent event) {
            ofAnother.add(event);
        }
    }

    @Inject Observers observers;

    @BeforeEach
    void forget() {
        observers.ofAll.clear();
    }

    @Test
    void eachCallsEndIsObservedOnce() {
        Answer first = caller.complete(prompt("seen"));
        Answer second = caller.complete(prompt("seen again"));

        assertThat(observers.ofAll).containsExactly(text(first), text(second));
        assertThat(observers.ofAnother).isEmpty();
    }

    private static String text(Answer answer) {
        assertThat(answer.status()).isEqualTo(200);
        return answer.json().path("result").asText();
    }
}
