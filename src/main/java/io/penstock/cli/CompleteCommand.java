package io.penstock.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.penstock.llm.Call;
import io.penstock.llm.Completion;
import io.penstock.llm.Failure;
import io.penstock.llm.Llm;
import io.penstock.llm.PromptReader;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `penstock complete`: one prompt, whose answer is written as it comes.
@Command(
        name = "complete",
        mixinStandardHelpOptions = true,
        description = "Ask one prompt; the answer is written as it comes.")
final class CompleteCommand implements Callable<Integer> {

    @Spec CommandSpec spec = CommandSpec.create();

    @Parameters(paramLabel = "PROMPT", description = "The prompt; @|cyan -|@ for standard input.")
    String prompt = "";

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

    @Option(names = "--max-tokens", paramLabel = "N", description = "Of the answer.")
    @Nullable Long maxTokens;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Any setting of docs/configuration.md.")
    Map<String, String> settings = new HashMap<>();

    @Override
    public Integer call() {
        return CommandApplication.run(
                settings,
                null,
                spec.root().commandLine().getParseResult().originalArgs().toArray(String[]::new));
    }

    /// Makes the call, in an application that has begun.
    ///
    /// @return the exit code
    int run(Llm llm, PromptReader prompts) throws IOException {
        PromptReader.Asked asked = prompts.read(Fields.of(fields()));
        Call call =
                Call.streaming(
                        asked.prompt(),
                        asked.limit(),
                        delta -> {
                            System.out.print(delta);
                            System.out.flush();
                        });
        return switch (llm.complete(call)) {
            case Completion _ -> {
                System.out.println();
                yield ExitCode.ALL;
            }
            case Failure failure -> {
                System.err.println("penstock: " + failure.message());
                yield ExitCode.COULD_NOT_BEGIN;
            }
        };
    }

    private ObjectNode fields() throws IOException {
        ObjectNode fields = Fields.JSON.createObjectNode();
        fields.put(
                "prompt",
                prompt.equals(RunCommand.STANDARD)
                        ? new String(System.in.readAllBytes(), StandardCharsets.UTF_8)
                        : prompt);
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
        return fields;
    }
}
