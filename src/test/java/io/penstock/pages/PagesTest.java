package io.penstock.pages;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What can be said of the pages without running anything.
class PagesTest {

    /// So that it is read to its end.
    private static final int README_LINES = 250;

    private static final Pattern PROFILE = Pattern.compile(" -P([a-z]+)");
    private static final Pattern PROGRAM = Pattern.compile("=(io\\.penstock\\.[a-zA-Z.]+)");
    private static final Pattern SCRIPT = Pattern.compile("^npm --prefix infra run ([a-z]+)");
    private static final Pattern DATED = Pattern.compile("2026-\\d\\d-\\d\\d.*");

    static List<Page> pages() {
        return Page.all();
    }

    @Test
    void theReadmeIsShort() {
        assertThat(Page.of("README.md").lines()).hasSizeLessThanOrEqualTo(README_LINES);
    }

    @Test
    void theReadmeNamesEachPackage() throws IOException {
        List<String> lines = Page.of("README.md").lines();
        try (Stream<Path> packages = Files.list(Path.of("src/main/java/io/penstock"))) {
            assertThat(packages.filter(Files::isDirectory).map(Path::getFileName).toList())
                    .allSatisfy(name ->
                            assertThat(lines).anyMatch(line -> line.startsWith(name + " ")));
        }
    }

    @ParameterizedTest
    @MethodSource("pages")
    void eachLinkLeadsSomewhere(Page page) {
        for (String link : page.links()) {
            int hash = link.indexOf('#');
            String file = hash < 0 ? link : link.substring(0, hash);
            Path target =
                    file.isEmpty() ? page.path() : page.path().resolveSibling(file).normalize();

            assertThat(target).as("%s: %s", page, link).exists();
            if (hash >= 0) {
                assertThat(Page.of(target.toString()).anchors())
                        .as("%s: %s", page, link)
                        .contains(link.substring(hash + 1));
            }
        }
    }

    @Test
    void eachPageIsLinked() {
        List<Path> linked = new ArrayList<>(List.of(Path.of("README.md")));
        for (Page page : pages()) {
            for (String link : page.links()) {
                linked.add(page.path().resolveSibling(link.replaceFirst("#.*", "")).normalize());
            }
        }
        assertThat(linked).containsAll(pages().stream().map(Page::path).toList());
    }

    @Test
    void eachDecisionSaysWhenAndWhy() {
        List<Page> decisions =
                pages().stream()
                        .filter(page -> page.path().startsWith("docs/decisions"))
                        .filter(page -> !page.path().endsWith("README.md"))
                        .toList();
        assertThat(decisions).hasSizeGreaterThan(10);
        for (Page decision : decisions) {
            assertThat(decision.lines().get(2)).as("%s", decision).matches(DATED);
            for (String part : List.of("**Context.**", "**Decision.**", "**Consequences.**")) {
                assertThat(decision.lines())
                        .as("%s", decision)
                        .anyMatch(line -> line.startsWith(part));
            }
        }
    }

    /// Those that only somebody at a keyboard can run.
    @Test
    void eachOtherCommandNamesWhatIsThere() throws IOException {
        String pom = Files.readString(Path.of("pom.xml"));
        String scripts = Files.readString(Path.of("infra/package.json"));
        for (Page page : pages()) {
            for (Page.Block block : page.blocks()) {
                for (String line : block.text().split("\n")) {
                    String as = page + ":" + block.line() + " " + line;
                    if (line.contains("./mvnw")) {
                        each(PROFILE, line)
                                .forEach(name ->
                                        assertThat(pom).as(as).contains("<id>" + name + "</id>"));
                        each(PROGRAM, line)
                                .forEach(name ->
                                        assertThat(
                                                        Path.of(
                                                                "src/test/java/"
                                                                        + name.replace('.', '/')
                                                                        + ".java"))
                                                .as(as)
                                                .exists());
                    }
                    each(SCRIPT, line)
                            .forEach(name ->
                                    assertThat(scripts).as(as).contains("\"" + name + "\":"));
                }
            }
        }
    }

    private static List<String> each(Pattern pattern, String line) {
        return pattern.matcher(line).results().map(found -> found.group(1)).toList();
    }
}
