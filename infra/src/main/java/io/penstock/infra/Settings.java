package io.penstock.infra;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What is chosen at deployment: CDK's context, `-c name=value`.
record Settings(Map<String, String> values) {

    private static final String PREFIX = "PENSTOCK_";

    /// What an owner may choose, besides `PENSTOCK_…` variables.
    private static final List<String> NAMES =
            List.of(
                    "auth",
                    "issuer",
                    "audience",
                    "open",
                    "architecture",
                    "workers",
                    "reserved",
                    "inputBuckets",
                    "code");

    /// @param context with CDK's own entries, which are left out
    static Settings of(Map<?, ?> context) {
        Map<String, String> values = new TreeMap<>();
        context.forEach((name, value) -> {
            if (name instanceof String text && (NAMES.contains(text) || text.startsWith(PREFIX))) {
                values.put(text, String.valueOf(value));
            }
        });
        return new Settings(values);
    }

    String text(String name, String fallback) {
        return values.getOrDefault(name, fallback);
    }

    String required(String name) {
        String value = text(name, "");
        if (value.isBlank()) {
            throw new IllegalArgumentException("Give " + name + ": -c " + name + "=…");
        }
        return value;
    }

    /// At least one.
    List<String> list(String name) {
        return split(required(name));
    }

    List<String> inputBuckets() {
        return split(text("inputBuckets", ""));
    }

    boolean isArm() {
        return switch (text("architecture", "arm64")) {
            case "arm64" -> true;
            case "amd64" -> false;
            case String other ->
                    throw new IllegalArgumentException(
                            "architecture is "
                                    + other
                                    + ": choose arm64 or amd64, as the function.zip was built.");
        };
    }

    /// Chunks at work at once: AWS documentation, "Configuring scaling behavior for SQS event
    /// source mappings", allows 2 to 1,000.
    int workers() {
        String text = text("workers", "10");
        if (!text.matches("[0-9]{1,4}")
                || Integer.parseInt(text) < 2
                || Integer.parseInt(text) > 1000) {
            throw new IllegalArgumentException(
                    "workers is " + text + ": give a number from 2 to 1000.");
        }
        return Integer.parseInt(text);
    }

    /// Whether `work` and `sweep` have their share of the account's concurrent executions for
    /// themselves. An account must keep 100 for all others ("Lambda quotas": 1,000 in all, in a new
    /// account fewer until one asks for more).
    boolean isReserved() {
        return switch (text("reserved", "yes")) {
            case "yes" -> true;
            case "no" -> false;
            case String other ->
                    throw new IllegalArgumentException(
                            "reserved is "
                                    + other
                                    + ": choose yes, or no where the account has too few concurrent"
                                    + " executions.");
        };
    }

    /// Variables of all functions. A key is none: variables can be read by everybody who may look
    /// at a function, and stand in the template.
    Map<String, String> variables() {
        Map<String, String> variables = new TreeMap<>(values);
        variables.keySet().removeIf(name -> !name.startsWith(PREFIX));
        variables.keySet().stream()
                .filter(name -> name.contains("API_KEY"))
                .findFirst()
                .ifPresent(name -> {
                    throw new IllegalArgumentException(
                            name
                                    + " would stand in the template for everybody to read: put the"
                                    + " key in Secrets Manager and give its ARN as"
                                    + " ProviderKeyArn.");
                });
        return variables;
    }

    private static List<String> split(String text) {
        return Arrays.stream(text.split(","))
                .map(String::strip)
                .filter(part -> !part.isEmpty())
                .toList();
    }
}
