package io.penstock.batch;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.penstock.llm.Prices;
import io.penstock.llm.Prompt;
import io.penstock.llm.Usage;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a batch would take, before it costs anything: how many prompts to which models, about how
/// many tokens, and between which bounds.
///
/// Nothing is tokenized. English takes some four characters a token, code and other scripts down to
/// two (OpenAI, "What are tokens and how to count them?"): the bounds are six and two. An answer is
/// taken to have a token at least, and at most what its prompt asks for, or [#ANSWER_TOKENS] where
/// it asks for no limit. Not thread-safe.
public final class Estimate {

    /// Of an answer without a limit, as a high guess.
    public static final int ANSWER_TOKENS = 1_000;

    private static final int SHOWN = 10;
    private static final int MODELS_MAX = 1_000;

    private final String model;
    private final Map<String, Ranges> models = new TreeMap<>();
    private final List<String> unusable = new ArrayList<>();
    private long prompts;
    private long unusableCount;

    private static final class Ranges {
        private long prompts;
        private long characters;
        private long answers;
    }

    /// @param model for prompts that name none
    public Estimate(String model) {
        this.model = model;
    }

    public void add(Item item) {
        Prompt prompt = item.prompt();
        String asked = prompt.model() == null ? model : prompt.model();
        Ranges ranges =
                models.computeIfAbsent(
                        models.size() < MODELS_MAX ? asked : "others", _ -> new Ranges());
        Integer most = prompt.maxTokens();
        prompts++;
        ranges.prompts++;
        ranges.characters += prompt.bytes();
        ranges.answers += most == null ? ANSWER_TOKENS : most;
    }

    /// Counts what is no item, and keeps the first few reasons.
    public void unusable(String why) {
        unusableCount++;
        if (unusable.size() < SHOWN) {
            unusable.add(why);
        }
    }

    /// `{"prompts","unusable","first_unusable":[…],"models":[{"model","prompts","prompt_tokens":
    /// {"low","about","high"},"completion_tokens":{"low","high"},"cost":{"low","high"}?}…],
    /// "cost"?,"minutes_at_limits"?}`
    ///
    /// @param requestsPerMinute the account's limit; null for none that is known
    /// @param tokensPerMinute the same
    public ObjectNode toJson(
            Prices prices, @Nullable Long requestsPerMinute, @Nullable Long tokensPerMinute) {
        ObjectNode json =
                Fields.JSON
                        .createObjectNode()
                        .put("prompts", prompts)
                        .put("unusable", unusableCount);
        unusable.forEach(json.putArray("first_unusable")::add);
        ArrayNode all = json.putArray("models");
        long low = 0;
        long high = 0;
        long about = 0;
        for (Map.Entry<String, Ranges> one : models.entrySet()) {
            Ranges ranges = one.getValue();
            long in = Math.ceilDiv(ranges.characters, 4);
            long least = nanos(prices, one.getKey(), ranges.characters / 6, ranges.prompts);
            long most = nanos(prices, one.getKey(), ranges.characters / 2, ranges.answers);
            ObjectNode its =
                    all.addObject().put("model", one.getKey()).put("prompts", ranges.prompts);
            its.putObject("prompt_tokens")
                    .put("low", ranges.characters / 6)
                    .put("about", in)
                    .put("high", ranges.characters / 2);
            its.putObject("completion_tokens")
                    .put("low", ranges.prompts)
                    .put("high", ranges.answers);
            if (most > 0) {
                its.putObject("cost").put("low", money(least)).put("high", money(most));
            }
            low += least;
            high += most;
            about += in + ranges.prompts;
        }
        if (high > 0) {
            json.putObject("cost").put("low", money(low)).put("high", money(high));
        }
        double minutes =
                Math.max(
                        requestsPerMinute == null ? 0 : (double) prompts / requestsPerMinute,
                        tokensPerMinute == null ? 0 : (double) about / tokensPerMinute);
        if (minutes > 0) {
            json.put("minutes_at_limits", Math.round(minutes * 100) / 100.0);
        }
        return json;
    }

    private static long nanos(Prices prices, String model, long in, long out) {
        return prices.nanos(model, new Usage(in, out, in + out, 0, 0));
    }

    private static BigDecimal money(long nanos) {
        return BigDecimal.valueOf(nanos, 9).stripTrailingZeros();
    }
}
