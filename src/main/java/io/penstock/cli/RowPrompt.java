package io.penstock.cli;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Makes a prompt of a row's values: `Classify: {text}`, with `{{` and `}}` for braces. Values are
/// put in as they are and never looked at. Immutable.
record RowPrompt(String template) {

    private static final Pattern PART = Pattern.compile("\\{\\{|\\}\\}|\\{([^{}]*)\\}|[{}]");

    /// The whole of one value.
    static RowPrompt of(String column) {
        return new RowPrompt("{" + column + "}");
    }

    RowPrompt {
        PART.matcher(template)
                .results()
                .filter(part -> part.group().length() == 1)
                .findFirst()
                .ifPresent(single -> {
                    throw new CannotBegin(
                            "--prompt has a single "
                                    + single.group()
                                    + " at character "
                                    + (single.start() + 1)
                                    + "; write it twice for a brace, or {column} for a value.");
                });
    }

    /// The values that it names.
    Set<String> names() {
        Set<String> names = new LinkedHashSet<>();
        PART.matcher(template)
                .results()
                .filter(part -> part.group(1) != null)
                .forEach(part -> names.add(part.group(1)));
        return names;
    }

    /// @param values by name; null where there is none
    /// @throws CannotBegin when one is missing
    String of(Function<String, @Nullable String> values) {
        StringBuilder prompt = new StringBuilder();
        Matcher parts = PART.matcher(template);
        while (parts.find()) {
            String name = parts.group(1);
            String put = name == null ? parts.group().substring(1) : values.apply(name);
            if (put == null) {
                throw new CannotBegin("there is no \"" + name + "\"");
            }
            parts.appendReplacement(prompt, Matcher.quoteReplacement(put));
        }
        return parts.appendTail(prompt).toString();
    }
}
