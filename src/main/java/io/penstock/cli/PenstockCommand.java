package io.penstock.cli;

import io.quarkus.runtime.annotations.RegisterForReflection;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi.Style;
import picocli.CommandLine.Help.ColorScheme;

/// All commands.
@Command(
        name = "penstock",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        header = {
            "Runs LLM prompts at the full speed that a provider allows, never above it, and loses none.",
            ""
        },
        synopsisHeading = "@|bold Use|@%n  ",
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%n@|bold Commands|@%n",
        optionListHeading = "%n@|bold Options|@%n",
        footerHeading = "%n@|bold Examples|@%n",
        footer = {
            "  penstock run prompts.jsonl -o results.jsonl",
            "  penstock run reviews.csv -o out.jsonl --prompt \"Positive or negative? {text}\"",
            "  penstock complete \"What is a penstock?\"",
            "  penstock attach batch_0a1b2c --url https://penstock.example",
            "",
            "The provider is OpenAI's with OPENAI_API_KEY, any compatible one with OPENAI_BASE_URL.",
            "@|bold penstock COMMAND --help|@ tells more; @|bold penstock keys|@ makes and ends callers' keys."
        },
        subcommands = {
            RunCommand.class,
            CompleteCommand.class,
            ServeCommand.class,
            ListCommand.class,
            JobCommand.Status.class,
            JobCommand.Attach.class,
            JobCommand.ResultsOf.class,
            JobCommand.Pause.class,
            JobCommand.Resume.class,
            JobCommand.Cancel.class,
            JobCommand.Retry.class,
            AutoComplete.GenerateCompletion.class
        })
@RegisterForReflection(
        targets = {
            PenstockCommand.class,
            Version.class,
            RunCommand.class,
            CompleteCommand.class,
            ServeCommand.class,
            PromptOptions.class,
            Settings.class,
            ListCommand.class,
            JobCommand.class,
            JobCommand.Status.class,
            JobCommand.Attach.class,
            JobCommand.ResultsOf.class,
            JobCommand.Pause.class,
            JobCommand.Resume.class,
            JobCommand.Cancel.class,
            JobCommand.Retry.class,
            Remote.class,
            AutoComplete.GenerateCompletion.class
        },
        classNames = {
            "picocli.CommandLine$AutoHelpMixin",
            "picocli.CommandLine$HelpCommand",
            "picocli.CommandLine$NoVersionProvider",
            "picocli.CommandLine$NoDefaultProvider",
            "picocli.CommandLine$UseDefaultConverter",
            "picocli.CommandLine$NullParameterConsumer"
        })
final class PenstockCommand {

    static CommandLine line() {
        return new CommandLine(new PenstockCommand())
                .setColorScheme(
                        new ColorScheme.Builder(CommandLine.Help.Ansi.AUTO)
                                .commands(Style.bold)
                                .options(Style.fg_cyan)
                                .parameters(Style.fg_cyan)
                                .build())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpWidth(100)
                .setUsageHelpLongOptionsMaxWidth(34)
                .setExecutionExceptionHandler((failed, its, _) -> {
                    its.getErr().println(its.getColorScheme().errorText(said(failed)));
                    return ExitCode.COULD_NOT_BEGIN;
                })
                .setParameterExceptionHandler((wrong, _) -> {
                    CommandLine its = wrong.getCommandLine();
                    its.getErr()
                            .println(
                                    its.getColorScheme()
                                            .errorText(
                                                    "penstock: "
                                                            + wrong.getMessage()
                                                            + ". Try "
                                                            + its.getCommandSpec()
                                                                    .qualifiedName(" ")
                                                            + " --help"));
                    return ExitCode.COULD_NOT_BEGIN;
                });
    }

    private static String said(Exception failed) {
        return "penstock: " + (failed instanceof CannotBegin ? failed.getMessage() : failed);
    }
}
