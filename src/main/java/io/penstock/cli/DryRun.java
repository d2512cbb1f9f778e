package io.penstock.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.batch.Estimate;
import io.penstock.batch.ItemReader;
import io.penstock.flow.FlowConfig;
import io.penstock.json.InvalidRequest;
import io.penstock.llm.LlmConfig;
import io.penstock.llm.Prices;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// Says what a run would take, and calls nobody.
@Singleton
final class DryRun {

    private final ItemReader items;
    private final Prices prices;
    private final FlowConfig flow;
    private final LlmConfig llm;

    DryRun(ItemReader items, Prices prices, FlowConfig flow, LlmConfig llm) {
        this.items = items;
        this.prices = prices;
        this.flow = flow;
        this.llm = llm;
    }

    /// @return the exit code
    int run(RunCommand command) {
        try {
            ObjectNode options = command.options();
            items.check(options);
            Estimate estimate = new Estimate(command.modelOr(llm.model()));
            PromptFile.of(command).estimate(items, options, estimate);
            FlowConfig.BudgetConfig limits = flow.budgets().get("command");
            ObjectNode json =
                    estimate.toJson(
                            prices,
                            limits == null ? null : boxed(limits.requestsPerMinute()),
                            limits == null ? null : boxed(limits.tokensPerMinute()));
            System.out.println(
                    command.progress == Display.Style.JSON ? json.toString() : text(json));
            return json.path("unusable").asLong() == 0 ? ExitCode.ALL : ExitCode.COULD_NOT_BEGIN;
        } catch (IOException failed) {
            throw new CannotBegin(command.input + " cannot be read: " + failed);
        } catch (InvalidRequest refused) {
            throw new CannotBegin(refused.text());
        }
    }

    private static @Nullable Long boxed(OptionalLong limit) {
        return limit.isPresent() ? Long.valueOf(limit.getAsLong()) : null;
    }

    private static String text(JsonNode json) {
        StringBuilder text = new StringBuilder();
        text.append(Display.count(json.path("prompts").asLong())).append(" prompts");
        long unusable = json.path("unusable").asLong();
        if (unusable > 0) {
            text.append(", and ").append(Display.count(unusable)).append(" lines that are none:");
            json.path("first_unusable").forEach(why -> text.append("\n  ").append(why.asText()));
        }
        for (JsonNode model : json.path("models")) {
            JsonNode in = model.path("prompt_tokens");
            JsonNode out = model.path("completion_tokens");
            text.append("\n  ").append(model.path("model").asText()).append(": ");
            text.append(Display.count(model.path("prompts").asLong())).append(" prompts, about ");
            text.append(Display.count(in.path("about").asLong())).append(" tokens in (");
            text.append(Display.count(in.path("low").asLong())).append(" to ");
            text.append(Display.count(in.path("high").asLong())).append("), ");
            text.append(Display.count(out.path("low").asLong())).append(" to ");
            text.append(Display.count(out.path("high").asLong())).append(" out");
            if (model.has("cost")) {
                text.append(", cost ").append(range(model.path("cost")));
            }
        }
        if (json.has("cost")) {
            text.append("\ncost ").append(range(json.path("cost")));
        } else {
            text.append("\ncost unknown: no price is set (penstock.llm.prices)");
        }
        if (json.has("minutes_at_limits")) {
            text.append("\nat the limits it takes ");
            text.append(json.path("minutes_at_limits").asText()).append(" minutes at least");
        }
        return text
                + "\nTokens in are counted at 4 characters each, between 6 and 2; tokens out between 1 a"
                + " prompt and its limit, or "
                + Estimate.ANSWER_TOKENS
                + ". --sample 50 tells more.";
    }

    private static String range(JsonNode cost) {
        return cost.path("low").decimalValue().toPlainString()
                + " to "
                + cost.path("high").decimalValue().toPlainString();
    }
}
