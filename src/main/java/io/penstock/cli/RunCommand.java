package io.penstock.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `penstock run`: the options.
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        header = "Run a file of prompts, and write a file of results.",
        synopsisHeading = "@|bold Use|@%n  ",
        descriptionHeading = "%n",
        description = {
            "Each prompt becomes one line of JSON, in the order of the input unless you say otherwise;"
                    + " the file holds whole lines whenever you look. What a prompt says itself comes"
                    + " before the options. Stop it with Ctrl-C, or let it be"
                    + " killed: the same command goes on where it was."
        },
        parameterListHeading = "%n@|bold Input|@%n",
        optionListHeading = "%n@|bold Options|@%n",
        footerHeading = "%n@|bold Exit status|@%n",
        footer = {
            "  0  every prompt has its answer",
            "  1  it could not begin; nothing was called",
            "  2  it has ended, and some prompts failed",
            "  3  it is paused: budget, key, credit, or a full disk; the same command goes on",
            "130  stopped by Ctrl-C; the same command goes on"
        })
final class RunCommand implements Callable<Integer> {

    /// Standard input or output.
    static final String STANDARD = "-";

    /// For all models.
    private static final String BUDGET = "penstock.flow.budgets.command.";

    @Spec CommandSpec spec = CommandSpec.create();

    @Parameters(
            paramLabel = "INPUT",
            description =
                    "JSON Lines, Penstock's {\"prompt\":…} or OpenAI's {\"custom_id\",…,\"body\"}; CSV or"
                            + " TSV with a header; or text, a prompt a line. @|cyan -|@ for standard input.")
    String input = STANDARD;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "Where the results go. @|cyan -|@ for standard output.")
    String output = "";

    @Option(
            names = {"-p", "--prompt"},
            paramLabel = "TEMPLATE",
            description =
                    "Make each prompt of a row: \"Classify: {text}\" takes the column or field text, and"
                            + " {line} a whole line of text.")
    @Nullable String prompt;

    @Option(
            names = "--column",
            paramLabel = "NAME",
            description = "The column or field that is the prompt; prompt unless given.")
    @Nullable String column;

    @Option(
            names = "--format",
            paramLabel = "FORM",
            description = "jsonl, csv, tsv or text; by the file's name unless given.")
    PromptFile.@Nullable Format format;

    @Mixin PromptOptions options = new PromptOptions();

    @Option(
            names = "--pipeline",
            paramLabel = "NAME",
            description = "Take each prompt through a configured pipeline.")
    @Nullable String pipeline;

    @Option(
            names = "--task",
            paramLabel = "NAME",
            description = "The input has rows of this task; the columns are its arguments.")
    @Nullable String task;

    @Option(
            names = "--concurrency",
            paramLabel = "N",
            description =
                    "Calls in flight at most; how many the provider takes is found out below.")
    @Nullable Integer concurrency;

    @Option(
            names = "--rpm",
            paramLabel = "N",
            description = "Requests a minute that the account allows.")
    @Nullable Long rpm;

    @Option(
            names = "--tpm",
            paramLabel = "N",
            description = "Tokens a minute that the account allows.")
    @Nullable Long tpm;

    @Option(
            names = "--max-cost",
            paramLabel = "SUM",
            description = "Pause when it has cost so much; a higher sum goes on.")
    @Nullable BigDecimal maxCost;

    @Option(
            names = "--order",
            paramLabel = "ORDER",
            description = "input, or finished for results as they come. Default: input.")
    RunRecord.Order order = RunRecord.Order.INPUT;

    @Option(
            names = "--dry-run",
            description = "Call nobody: say what there is to run, and between which sums it costs.")
    boolean dryRun;

    @Option(
            names = "--sample",
            paramLabel = "N",
            description = "Stop after about so many, say what the rest will cost, and ask.")
    int sample;

    @Option(
            names = "--retry-failed",
            description = "When it has ended: run again what failed, and put it into its place.")
    boolean retryFailed;

    @Option(names = "--new", description = "Begin anew, whatever was done before.")
    boolean anew;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Where the state is kept; FILE.penstock beside the output unless given.")
    @Nullable Path data;

    @Option(
            names = "--progress",
            paramLabel = "HOW",
            description =
                    "panel, plain, json or none. A panel at a terminal unless given, else a line a"
                            + " second.")
    Display.@Nullable Style progress;

    @Option(
            names = {"-q", "--quiet"},
            description = "Show nothing but errors.")
    boolean quiet;

    @Mixin Settings settings = new Settings();

    @Override
    public Integer call() {
        if (!isStandardInput() && !Files.isReadable(Path.of(input))) {
            throw new CannotBegin(
                    "There is no file "
                            + input
                            + " that can be read; name the file of your prompts.");
        }
        if (dryRun) {
            return CommandApplication.run(settings(directory()), null, arguments());
        }
        if (output.isEmpty()) {
            throw new CannotBegin("Say with -o where the results go, such as -o results.jsonl.");
        }
        Path directory = directory();
        try {
            create(directory);
        } catch (IOException | SecurityException refused) {
            throw new CannotBegin(
                    directory
                            + " cannot be made ("
                            + refused.getMessage()
                            + "); write to another place, or name one with --data.");
        }
        return CommandApplication.run(
                settings(directory), directory.resolve("penstock.log"), arguments());
    }

    private String[] arguments() {
        return spec.root().commandLine().getParseResult().originalArgs().toArray(String[]::new);
    }

    boolean isStandardInput() {
        return input.equals(STANDARD);
    }

    boolean isStandardOutput() {
        return output.equals(STANDARD);
    }

    /// The output with its whole path.
    Path outputPath() {
        return Path.of(output).toAbsolutePath().normalize();
    }

    /// Where the state is kept.
    Path directory() {
        if (data != null) {
            return data.toAbsolutePath().normalize();
        }
        String beside =
                !isStandardOutput() && !output.isEmpty()
                        ? output
                        : !isStandardInput() ? input : "standard-input";
        return Path.of(beside + ".penstock").toAbsolutePath().normalize();
    }

    /// For its owner alone: there are prompts and answers in it.
    private static void create(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            return;
        }
        Path parent = directory.getParent();
        if (parent == null || !Files.isDirectory(parent)) {
            throw new IOException("there is no directory " + parent);
        }
        Files.createDirectory(directory);
        if (Files.getFileStore(directory).supportsFileAttributeView("posix")) {
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
        }
    }

    private Map<String, String> settings(Path directory) {
        Map<String, String> all = new HashMap<>();
        all.put("penstock.engine", "local");
        all.put("penstock.store.directory", directory.toString());
        all.put("penstock.flow.reserved-for-interactive", "0");
        // It may be paused over a holiday.
        all.put("penstock.batch.expiry", "30d");
        put(all, "penstock.flow.max-concurrency", concurrency());
        put(all, BUDGET + "requests-per-minute", rpm);
        put(all, BUDGET + "tokens-per-minute", tpm);
        if (rpm != null || tpm != null) {
            all.put(BUDGET + "models", "*");
        }
        all.putAll(settings.all);
        return all;
    }

    /// For a sample few at once: all that are in flight at its end come on top.
    private @Nullable Integer concurrency() {
        if (sample == 0) {
            return concurrency;
        }
        int few = Math.max(1, sample / 5);
        return concurrency == null
                ? Integer.valueOf(few)
                : Integer.valueOf(Math.min(few, concurrency));
    }

    private static void put(Map<String, String> all, String key, @Nullable Number value) {
        if (value != null) {
            all.put(key, value.toString());
        }
    }

    /// The model of prompts that name none.
    String modelOr(String configured) {
        return options.model == null ? configured : options.model;
    }

    /// The options for all items, as batches have them.
    ObjectNode options() {
        ObjectNode fields = Fields.JSON.createObjectNode();
        options.putInto(fields);
        if (pipeline != null) {
            fields.put("pipeline", pipeline);
        }
        if (task != null) {
            fields.put("task", task);
        }
        if (maxCost != null) {
            fields.put("max_cost", maxCost);
        }
        return fields;
    }

    /// What tells this run from another over the same input: all that changes what is asked.
    ObjectNode identity() {
        ObjectNode identity = options();
        identity.remove("max_cost");
        if (prompt != null) {
            identity.put("--prompt", prompt);
        }
        if (column != null) {
            identity.put("--column", column);
        }
        if (format != null) {
            identity.put("--format", format.name());
        }
        return identity;
    }
}
