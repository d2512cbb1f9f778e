package io.penstock.cli;

import io.penstock.json.InvalidRequest;
import io.penstock.llm.Llm;
import io.penstock.llm.PromptReader;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/// Quarkus for one command that calls the provider itself. It opens no port, and writes its log to
/// a file, so that the terminal is the command's.
final class CommandApplication implements QuarkusApplication {

    private final FileRun fileRun;
    private final DryRun dryRun;
    private final Llm llm;
    private final PromptReader prompts;

    CommandApplication(FileRun fileRun, DryRun dryRun, Llm llm, PromptReader prompts) {
        this.fileRun = fileRun;
        this.dryRun = dryRun;
        this.llm = llm;
        this.prompts = prompts;
    }

    /// Starts Quarkus for a command, and ends it.
    ///
    /// @param settings of Penstock or Quarkus, taken before those of the environment
    /// @param log where it is written
    /// @param args of the whole command line, read again when Quarkus is there
    /// @return the exit code
    static int run(Map<String, String> settings, @Nullable Path log, String[] args) {
        settings.forEach(System::setProperty);
        System.setProperty("penstock.command", "true");
        System.setProperty("quarkus.http.host-enabled", "false");
        System.setProperty("quarkus.log.console.enabled", "false");
        if (log != null) {
            System.setProperty("quarkus.log.file.enabled", "true");
            System.setProperty("quarkus.log.file.path", log.toString());
        }
        AtomicInteger exit = new AtomicInteger();
        Quarkus.run(
                CommandApplication.class,
                (code, failed) -> {
                    exit.set(failed == null ? code : ExitCode.COULD_NOT_BEGIN);
                    if (failed != null) {
                        System.err.println("penstock: " + sentence(failed));
                    }
                },
                args);
        return exit.get();
    }

    @Override
    public int run(String... args) {
        CommandLine.ParseResult parsed = PenstockCommand.line().parseArgs(args).subcommand();
        try {
            return switch (parsed.commandSpec().userObject()) {
                case RunCommand run -> run.dryRun ? dryRun.run(run) : fileRun.run(run);
                case CompleteCommand complete -> complete.run(llm, prompts);
                case Object other -> throw new IllegalStateException("No command: " + other);
            };
        } catch (CannotBegin | InvalidRequest | IOException why) {
            System.err.println("penstock: " + why.getMessage());
            return ExitCode.COULD_NOT_BEGIN;
        }
    }

    /// What stopped a start, in its own words where it has some.
    private static String sentence(Throwable failed) {
        for (Throwable cause = failed; cause != null; cause = cause.getCause()) {
            if (cause instanceof ConfigurationException && cause.getMessage() != null) {
                return cause.getMessage();
            }
        }
        return String.valueOf(failed.getMessage() == null ? failed : failed.getMessage());
    }
}
