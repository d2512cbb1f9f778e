package io.penstock.tasks;

import dev.langchain4j.agent.tool.Tool;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.guardrail.OutputGuardrail;
import dev.langchain4j.guardrail.OutputGuardrailResult;
import dev.langchain4j.service.UserMessage;
import dev.langchain4j.service.guardrail.OutputGuardrails;
import io.quarkiverse.langchain4j.RegisterAiService;
import io.quarkiverse.langchain4j.ToolBox;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.microprofile.faulttolerance.Bulkhead;
import org.eclipse.microprofile.faulttolerance.CircuitBreaker;
import org.eclipse.microprofile.faulttolerance.Fallback;
import org.eclipse.microprofile.faulttolerance.Retry;
import org.eclipse.microprofile.faulttolerance.Timeout;

/// Tasks with what an application puts around them.
@RegisterAiService
@ApplicationScoped
interface Guarded {

    /// Counts its runs by the item that they are for.
    @Singleton
    class Orders {

        static final Map<String, Integer> RUNS = new ConcurrentHashMap<>();

        private final TaskItem item;

        Orders(TaskItem item) {
            this.item = item;
        }

        @Tool("Takes an order")
        String order(String article) {
            RUNS.merge(item.id(), 1, Integer::sum);
            return "Ordered " + article;
        }
    }

    /// Refuses the first answer that each item gets.
    @Singleton
    class Polite implements OutputGuardrail {

        private final Set<String> seen = ConcurrentHashMap.newKeySet();
        private final TaskItem item;

        Polite(TaskItem item) {
            this.item = item;
        }

        @Override
        public OutputGuardrailResult validate(AiMessage answer) {
            return seen.add(item.id()) ? reprompt("It is rude.", "Say it politely.") : success();
        }
    }

    @BatchTask("timed")
    @Timeout(3000)
    @UserMessage("Timed: {text}")
    String timed(String text);

    @BatchTask("narrow")
    @Bulkhead(2)
    @UserMessage("Narrow: {text}")
    String narrow(String text);

    @BatchTask("stubborn")
    @Retry(maxRetries = 2, delay = 0, jitter = 0)
    @UserMessage("Stubborn: {text}")
    Samples.Mood stubborn(String text);

    @BatchTask("spare")
    @Fallback(fallbackMethod = "spared")
    @UserMessage("Spare: {text}")
    Samples.Mood spare(String text);

    default Samples.Mood spared(String text) {
        return Samples.Mood.CALM;
    }

    @BatchTask("fused")
    @CircuitBreaker(requestVolumeThreshold = 4, failureRatio = 1, delay = 200)
    @UserMessage("Fused: {text}")
    String fused(String text);

    @BatchTask("ordering")
    @ToolBox(Orders.class)
    @UserMessage("Order: {text}")
    String ordering(String text);

    @BatchTask("polite")
    @OutputGuardrails(Polite.class)
    @UserMessage("Polite: {text}")
    String polite(String text);
}
