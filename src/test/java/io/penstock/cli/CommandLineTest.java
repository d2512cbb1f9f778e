package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/// What the command line understands, and says of itself.
class CommandLineTest {

    private static final Pattern COMMAND =
            Pattern.compile("^(?:[A-Z_]+=\\S+ )*(?:bin/)?penstock (.*)$");
    private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");

    @ParameterizedTest
    @ValueSource(strings = {"README.md", "docs/cli.md"})
    void eachCommandOfThePagesIsUnderstood(String page) throws IOException {
        List<String> commands = commands(Files.readString(Path.of(page)));
        assertThat(commands).isNotEmpty();
        for (String command : commands) {
            List<String> words = new ArrayList<>();
            Matcher word = WORD.matcher(command);
            while (word.find()) {
                words.add(word.group(1) == null ? word.group(2) : word.group(1));
            }
            CommandLine.ParseResult parsed =
                    PenstockCommand.line().parseArgs(words.toArray(String[]::new));
            assertThat(parsed.isUsageHelpRequested() || parsed.hasSubcommand())
                    .as(command)
                    .isTrue();
        }
    }

    private static List<String> commands(String page) {
        List<String> commands = new ArrayList<>();
        boolean isCode = false;
        for (String line : page.lines().toList()) {
            isCode ^= line.startsWith("```");
            Matcher command = COMMAND.matcher(line.replaceFirst(" +[#<].*", ""));
            if (isCode && command.matches()) {
                commands.add(command.group(1));
            }
        }
        return commands;
    }

    @Test
    void helpOfEachCommandFitsATerminalAndDescribesEachOption() {
        CommandLine line = PenstockCommand.line();
        List<CommandLine> all = new ArrayList<>(line.getSubcommands().values());
        all.add(line);
        for (CommandLine command : all) {
            assertThat(command.getUsageMessage(CommandLine.Help.Ansi.OFF).lines())
                    .as(command.getCommandName())
                    .allSatisfy(text -> assertThat(text.length()).isLessThanOrEqualTo(100));
            command.getCommandSpec()
                    .options()
                    .forEach(option ->
                            assertThat(option.description()).as(option.longestName()).isNotEmpty());
        }
    }

    @Test
    void retriedResultsStandInThePlacesOfFailedOnes(@TempDir Path directory) throws IOException {
        Path results =
                Files.writeString(
                        directory.resolve("results.jsonl"),
                        """
                        {"index":0,"custom_id":null,"result":"ä"}
                        {"index":1,"error":{"code":"a"}}
                        {"index":2,"custom_id":null,"result":"\\",\\"error\\":"}
                        {"index":3,"error":{"code":"b"}}
                        """);
        Path again =
                Files.writeString(
                        directory.resolve("again.jsonl"),
                        """
                        {"index":0,"custom_id":null,"result":"ö"}
                        {"index":1,"error":{"code":"c"}}
                        """);
        long bytes = RetriedLines.putInto(results, again);
        String expected =
                """
                {"index":0,"custom_id":null,"result":"ä"}
                {"index":1,"custom_id":null,"result":"ö"}
                {"index":2,"custom_id":null,"result":"\\",\\"error\\":"}
                {"index":3,"error":{"code":"c"}}
                """;
        assertThat(results).hasContent(expected);
        assertThat(bytes).isEqualTo(expected.getBytes(StandardCharsets.UTF_8).length);
        assertThatThrownBy(() -> RetriedLines.putInto(results, again))
                .isInstanceOf(CannotBegin.class);
        assertThat(results).hasContent(expected);
    }

    @Test
    void aTallyCountsFailuresByKindAndRequests() {
        ResultsTally tally = new ResultsTally();
        tally.add(
                """
                {"index":0,"custom_id":null,"result":"x \\"attempts\\":7","usage":null,"attempts":3}
                {"index":1,"error":{"message":"No.","code":"a"},"custom_id":null,"attempts":2}
                {"index":2,"error":{"message":"Again.","code":"a"},"custom_id":null,"attempts":1}
                """
                        .getBytes(StandardCharsets.UTF_8));
        assertThat(tally.lines()).isEqualTo(3);
        assertThat(tally.attempts()).isEqualTo(6);
        assertThat(tally.failures()).containsExactly(new ResultsTally.Failures("a", 2, 1, "No."));
    }

    @Test
    void aRateIsThatOfTheLastSeconds() {
        Pulse pulse = new Pulse();
        assertThat(pulse.at(0, 0)).isZero();
        for (int second = 1; second <= 20; second++) {
            pulse.at(second, second * 5L);
        }
        assertThat(pulse.at(21, 105)).isEqualTo(5);
        for (int second = 22; second <= 40; second++) {
            pulse.at(second, 105);
        }
        assertThat(pulse.at(41, 105)).isZero();
    }
}
