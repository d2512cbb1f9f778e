package io.penstock.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// How prompts are asked: options of each command that asks some itself.
final class PromptOptions {

    @Option(
            names = {"-m", "--model"},
            paramLabel = "NAME",
            description = "The configured one unless given.")
    @Nullable String model;

    @Option(
            names = {"-s", "--system"},
            paramLabel = "TEXT",
            description = "System message.")
    @Nullable String system;

    @Option(names = "--temperature", paramLabel = "0…2", description = "The model's unless given.")
    @Nullable BigDecimal temperature;

    @Option(names = "--max-tokens", paramLabel = "N", description = "Of each answer.")
    @Nullable Long maxTokens;

    /// Puts what was given into the fields of a prompt, or into the options of a batch.
    void putInto(ObjectNode fields) {
        if (model != null) {
            fields.put("model", model);
        }
        if (system != null) {
            fields.put("system", system);
        }
        if (temperature != null) {
            fields.put("temperature", temperature);
        }
        if (maxTokens != null) {
            fields.put("max_tokens", maxTokens);
        }
    }
}
