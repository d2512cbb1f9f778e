package io.penstock.pages;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// A page of the manual, as its Markdown.
public record Page(Path path, List<String> lines) {

    private static final String FENCE = "```";
    private static final Pattern LINK = Pattern.compile("\\[[^\\]\\[]*\\]\\(([^)\\s]+)\\)");
    private static final Pattern CODE = Pattern.compile("`[^`]*`");

    /// A block between fences.
    ///
    /// @param line where it begins, from 1
    /// @param end the line of its last fence
    public record Block(String language, String text, int line, int end) {}

    public static Page of(String path) {
        return of(Path.of(path));
    }

    private static Page of(Path path) {
        try {
            return new Page(path, Files.readAllLines(path));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// All of them.
    public static List<Page> all() {
        List<Page> pages = new ArrayList<>(List.of(of("README.md"), of("infra/README.md")));
        try (Stream<Path> files = Files.walk(Path.of("docs"))) {
            files.filter(file -> file.toString().endsWith(".md"))
                    .sorted()
                    .map(Page::of)
                    .forEach(pages::add);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return pages;
    }

    /// Its blocks between fences, in order.
    public List<Block> blocks() {
        List<Block> blocks = new ArrayList<>();
        int begun = -1;
        for (int i = 0; i < lines.size(); i++) {
            if (!lines.get(i).startsWith(FENCE)) {
                continue;
            }
            if (begun < 0) {
                begun = i;
            } else {
                blocks.add(
                        new Block(
                                lines.get(begun).substring(FENCE.length()).strip(),
                                String.join("\n", lines.subList(begun + 1, i)),
                                begun + 1,
                                i + 1));
                begun = -1;
            }
        }
        return blocks;
    }

    /// The lines outside of blocks.
    public List<String> prose() {
        List<String> prose = new ArrayList<>();
        boolean inBlock = false;
        for (String line : lines) {
            if (line.startsWith(FENCE)) {
                inBlock = !inBlock;
            } else if (!inBlock) {
                prose.add(line);
            }
        }
        return prose;
    }

    /// Where its links go, without those to other sites. A link may stand on two lines.
    public List<String> links() {
        Matcher link = LINK.matcher(CODE.matcher(String.join("\n", prose())).replaceAll("code"));
        List<String> links = new ArrayList<>();
        while (link.find()) {
            if (!link.group(1).startsWith("http")) {
                links.add(link.group(1));
            }
        }
        return links;
    }

    /// The names of its headings, as GitHub makes them.
    public Set<String> anchors() {
        Set<String> anchors = new HashSet<>();
        for (String line : prose()) {
            if (line.startsWith("#")) {
                anchors.add(
                        line.replaceFirst("^#+", "")
                                .strip()
                                .toLowerCase(Locale.ROOT)
                                .replaceAll("[^\\p{Alnum} _-]", "")
                                .replace(' ', '-'));
            }
        }
        return anchors;
    }

    /// The rows of its tables, cell by cell. A bar within a cell has a backslash.
    public List<List<String>> rows() {
        List<List<String>> rows = new ArrayList<>();
        for (String line : prose()) {
            if (line.startsWith("|") && !line.startsWith("|-")) {
                String cells = line.strip().replaceFirst("^\\|", "").replaceFirst("\\|$", "");
                rows.add(Stream.of(cells.split("(?<!\\\\)\\|", -1)).map(String::strip).toList());
            }
        }
        return rows;
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
