package io.penstock.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// What the functions in AWS may do: the file that their policies are made of.
public final class Permissions {

    private static final Path FILE =
            Path.of("infra", "src", "main", "resources", "io", "penstock", "infra")
                    .resolve("permissions.csv");

    private Permissions() {}

    private record Line(String function, String resource, String action, String calls) {

        /// Whether it is for the application's own calls.
        boolean isCalled() {
            return !calls.startsWith("(");
        }
    }

    /// The functions.
    public static Set<String> functions() {
        return lines().stream().map(Line::function).collect(Collectors.toSet());
    }

    /// The calls that these functions may make, as `Client.method`.
    public static Set<String> calls(Set<String> functions) {
        Set<String> calls = new TreeSet<>();
        for (Line line : lines()) {
            if (line.isCalled() && functions.contains(line.function)) {
                calls.addAll(Arrays.asList(line.calls.split(" ")));
            }
        }
        return calls;
    }

    /// What one function may do by calls of its own, as `resource action`.
    public static Set<String> of(String function) {
        Set<String> actions = new TreeSet<>();
        for (Line line : lines()) {
            if (line.function.equals(function) && line.isCalled()) {
                actions.add(line.resource + " " + line.action);
            }
        }
        return actions;
    }

    private static List<Line> lines() {
        try {
            return Files.readAllLines(FILE).stream()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .map(line -> line.split(",", 4))
                    .map(parts -> new Line(parts[0], parts[1], parts[2], parts[3]))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
