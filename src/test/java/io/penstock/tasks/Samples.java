package io.penstock.tasks;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.langchain4j.model.output.structured.Description;
import dev.langchain4j.service.Result;
import dev.langchain4j.service.SystemMessage;
import dev.langchain4j.service.UserMessage;
import io.quarkiverse.langchain4j.RegisterAiService;
import io.quarkus.runtime.annotations.RegisterForReflection;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Tasks of every kind, as an application has them.
@RegisterAiService
@ApplicationScoped
interface Samples {

    enum Mood {
        ANGRY,
        CALM,
        HAPPY
    }

    record Verdict(Mood mood, @Description("0 to 1") double confidence, @Nullable String reason) {}

    @RegisterForReflection
    record Line(String article, int count, @JsonProperty("unit_price") double price) {}

    record Order(String customer, List<Line> lines, boolean urgent) {}

    @RegisterForReflection
    record Person(String name, int age) {}

    @BatchTask("triage")
    @SystemMessage("You judge product reviews.")
    @UserMessage("Language: {language}. Review: {text}")
    Verdict triage(String text, String language);

    @BatchTask("order")
    @UserMessage("What is ordered? {mail}")
    Order order(String mail);

    @BatchTask("headline")
    @UserMessage("A headline for: {text}")
    String headline(String text);

    @BatchTask("mood")
    @UserMessage("How is the mood of: {text}")
    Mood mood(String text);

    @BatchTask("grade")
    @UserMessage("A grade from 1 to 6 for: {text}")
    int grade(String text);

    @BatchTask("share")
    @UserMessage("The share of nouns in: {text}")
    double share(String text);

    @BatchTask("spam")
    @UserMessage("Is it spam? {text}")
    boolean spam(String text);

    @BatchTask("words")
    @UserMessage("The most important words of: {text}")
    List<String> words(String text);

    @BatchTask("moods")
    @UserMessage("All moods of: {text}")
    List<Mood> moods(String text);

    @BatchTask("judged")
    @UserMessage("Judge: {text}")
    Result<Mood> judged(String text);

    @BatchTask("judgment")
    @UserMessage("Is {mood} right, for {reason}?")
    boolean judgment(Mood mood, String reason);

    @BatchTask("greeting")
    @UserMessage("Greet {person.name}, {person.age}, in {mood} mood, {times} times: {tags}")
    String greeting(Person person, Mood mood, int times, List<String> tags, @Nullable Boolean loud);
}
