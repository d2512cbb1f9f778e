package example;

import dev.langchain4j.model.output.structured.Description;
import dev.langchain4j.service.SystemMessage;
import dev.langchain4j.service.UserMessage;
import io.penstock.tasks.BatchTask;
import io.quarkiverse.langchain4j.RegisterAiService;
import jakarta.enterprise.context.ApplicationScoped;

/// A task to begin with: put your own beside it, or in its place.
@RegisterAiService
@ApplicationScoped
public interface Sentiments {

    enum Sentiment {
        POSITIVE,
        NEGATIVE,
        MIXED
    }

    record Judgement(Sentiment sentiment, @Description("0 to 1") double confidence) {}

    @BatchTask("sentiment")
    @SystemMessage("You judge what customers write about a product.")
    @UserMessage("{text}")
    Judgement judge(String text);
}
