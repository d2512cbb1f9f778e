package io.penstock.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.penstock.llm.Call;
import io.penstock.llm.Completion;
import io.penstock.llm.Failure;
import io.penstock.llm.Llm;
import io.penstock.llm.PromptReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
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

    @Mixin PromptOptions options = new PromptOptions();

    @Mixin Settings settings = new Settings();

    @Override
    public Integer call() {
        return CommandApplication.run(
                settings.all,
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
        options.putInto(fields);
        return fields;
    }
}
