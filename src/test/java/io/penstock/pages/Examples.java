package io.penstock.pages;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.NodeProgram;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Runs the examples of a page as its reader does, in order, and compares what they print. An id
/// that a page leaves open (`batch_…`) is the one that an earlier command has printed.
public final class Examples {

    /// What a page leaves out.
    private static final String OPEN = "…";

    private static final Map<String, Pattern> IDS =
            Map.of(
                    "batch_…", Pattern.compile("\\bbatch_[0-9a-f]{16,}\\b"),
                    "file-…o", Pattern.compile("\\bfile-[0-9a-f]{16,}o\\b"),
                    "file-…", Pattern.compile("\\bfile-[0-9a-f]{16,}\\b"));

    private static final long LIMIT_SECONDS = 60;

    private final Map<String, String> places;
    private final Map<String, String> ids = new HashMap<>();

    /// @param application stands for `localhost:8080`
    /// @param provider stands for `localhost:8089`
    public Examples(URI application, URI provider) {
        places =
                Map.of(
                        "localhost:8080", application.getAuthority(),
                        "localhost:8089", provider.getAuthority());
    }

    /// Whether somebody without a keyboard can run a block.
    public static boolean isRunnable(Page.Block block) {
        return block.language().equals("js")
                || block.language().equals("sh")
                        && (block.text().startsWith("curl")
                                || block.text().startsWith("until curl"));
    }

    /// Runs all of a page's.
    ///
    /// @return how many
    public int run(Page page) {
        List<Page.Block> blocks = page.blocks();
        int count = 0;
        for (int i = 0; i < blocks.size(); i++) {
            Page.Block block = blocks.get(i);
            if (!isRunnable(block)) {
                continue;
            }
            String printed = run(block);
            String as = page + ":" + block.line() + "\n" + block.text();
            if (i + 1 < blocks.size() && isAnswer(page, block, blocks.get(i + 1))) {
                assertThat(printed.strip())
                        .as(as)
                        .matches(pattern(blocks.get(i + 1).text().strip()));
            }
            assertThat(printed).as(as).doesNotContain("internal_error");
            count++;
        }
        return count;
    }

    /// An answer stands at once after its command.
    private static boolean isAnswer(Page page, Page.Block command, Page.Block next) {
        return (next.language().isEmpty() || next.language().equals("json"))
                && page.lines().subList(command.end(), next.line() - 1).stream()
                        .allMatch(String::isBlank);
    }

    private static Pattern pattern(String answer) {
        StringBuilder pattern = new StringBuilder();
        // A line that is left out stands for any number of them.
        for (String part : answer.split("\\n*(?<![^\\n])" + OPEN + "(?![^\\n])\\n*", -1)) {
            pattern.append(pattern.isEmpty() ? "" : "[\\s\\S]*?");
            String[] pieces = part.split(OPEN, -1);
            for (int i = 0; i < pieces.length; i++) {
                pattern.append(i == 0 ? "" : "[^\\n]*?").append(Pattern.quote(pieces[i]));
            }
        }
        return Pattern.compile(pattern.toString());
    }

    private String run(Page.Block block) {
        if (block.language().equals("js")) {
            return print(NodeProgram.ready("openai").script(placed(block.text())));
        }
        StringBuilder printed = new StringBuilder();
        for (String command : commands(block.text())) {
            String one = print(List.of("sh", "-c", placed(command)));
            note(one);
            printed.append(one.stripTrailing()).append('\n');
        }
        return printed.toString();
    }

    private static List<String> commands(String block) {
        List<String> commands = new ArrayList<>();
        String begun = "";
        for (String line : block.split("\n")) {
            if (line.endsWith("\\")) {
                begun += line.substring(0, line.length() - 1);
            } else {
                commands.add(begun + line);
                begun = "";
            }
        }
        return commands;
    }

    private String placed(String command) {
        String placed = command;
        for (Map.Entry<String, String> place : places.entrySet()) {
            placed = placed.replace(place.getKey(), place.getValue());
        }
        for (String open : List.of("batch_…", "file-…o", "file-…")) {
            if (placed.contains(open)) {
                assertThat(ids).as("no command has printed it: " + command).containsKey(open);
                placed = placed.replace(open, ids.get(open));
            }
        }
        return placed;
    }

    private void note(String printed) {
        IDS.forEach((open, pattern) -> {
            Matcher id = pattern.matcher(printed);
            if (id.find()) {
                ids.put(open, id.group());
            }
        });
    }

    private static String print(List<String> command) {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String printed =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            boolean ended = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
            assertThat(ended && process.exitValue() == 0)
                    .as("%s (the pages want curl and Node.js 20 on the PATH): %s", command, printed)
                    .isTrue();
            return printed;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
