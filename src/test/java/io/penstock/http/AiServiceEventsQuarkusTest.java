package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.observability.api.event.AiServiceCompletedEvent;
import dev.langchain4j.service.UserMessage;
import io.penstock.testing.PenstockTest;
import io.quarkiverse.langchain4j.RegisterAiService;
import io.quarkiverse.langchain4j.observability.AiServiceSelector;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.enterprise.context.ApplicationScoped;
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

    @RegisterAiService(
            chatMemoryProviderSupplier = RegisterAiService.NoChatMemoryProviderSupplier.class)
    @ApplicationScoped
    interface Echo {

        String say(@UserMessage String text);
    }

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

    @Inject Echo echo;
    @Inject Observers observers;

    @BeforeEach
    void forget() {
        observers.ofAll.clear();
    }

    @Test
    void eachCallsEndIsObservedOnce() {
        String first = echo.say("seen");
        String second = echo.say("seen again");

        assertThat(observers.ofAll).containsExactly(first, second);
        assertThat(observers.ofAnother).isEmpty();
    }
}
