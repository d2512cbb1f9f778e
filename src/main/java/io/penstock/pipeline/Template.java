package io.penstock.pipeline;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/// A prompt with places for values, parsed once: `{input}` and `{STAGE.result}`; `{{` and `}}` are
/// braces. Values are put in as they are and never looked at. Immutable.
///
/// @param text as it was written
record Template(String text, List<Part> parts) {

    private static final String RESULT = ".result";

    /// A piece of the text.
    sealed interface Part {

        record Literal(String text) implements Part {}

        record InputPart() implements Part {}

        record Result(String stage) implements Part {}
    }

    /// @throws IllegalArgumentException with the end of a sentence that begins with the template's
    ///   name
    static Template parse(String text) {
        List<Part> parts = new ArrayList<>();
        StringBuilder literal = new StringBuilder();
        int at = 0;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c != '{' && c != '}') {
                literal.append(c);
                at++;
            } else if (at + 1 < text.length() && text.charAt(at + 1) == c) {
                literal.append(c);
                at += 2;
            } else {
                int end = text.indexOf('}', at);
                if (c == '}' || end < 0) {
                    throw new IllegalArgumentException(
                            "has a single "
                                    + c
                                    + " at character "
                                    + (at + 1)
                                    + ": write it twice for a brace, or {input} or {STAGE.result} for a"
                                    + " value.");
                }
                if (!literal.isEmpty()) {
                    parts.add(new Part.Literal(literal.toString()));
                    literal.setLength(0);
                }
                parts.add(place(text.substring(at + 1, end)));
                at = end + 1;
            }
        }
        if (!literal.isEmpty()) {
            parts.add(new Part.Literal(literal.toString()));
        }
        return new Template(text, List.copyOf(parts));
    }

    private static Part place(String name) {
        if (name.equals("input")) {
            return new Part.InputPart();
        }
        if (name.endsWith(RESULT)) {
            return new Part.Result(name.substring(0, name.length() - RESULT.length()));
        }
        throw new IllegalArgumentException(
                "has an unknown placeholder {"
                        + name
                        + "}: there are {input} and {STAGE.result}; write {{ for a brace.");
    }

    /// The stages whose results it takes.
    Set<String> stages() {
        Set<String> names = new LinkedHashSet<>();
        for (Part part : parts) {
            if (part instanceof Part.Result(String stage)) {
                names.add(stage);
            }
        }
        return names;
    }

    /// @param results by the stage's name
    String fill(String input, Function<String, String> results) {
        StringBuilder filled = new StringBuilder(text.length() + input.length());
        for (Part part : parts) {
            switch (part) {
                case Part.Literal(String literal) -> filled.append(literal);
                case Part.InputPart _ -> filled.append(input);
                case Part.Result(String stage) -> filled.append(results.apply(stage));
            }
        }
        return filled.toString();
    }
}
