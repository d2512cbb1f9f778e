package io.penstock.cli;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Puts the results of prompts that were run again in the places of those that had none.
final class RetriedLines {

    /// Byte for byte.
    private static final Charset BYTES = StandardCharsets.ISO_8859_1;

    private static final Pattern ERROR = Pattern.compile("\\{\"index\":(\\d+),\"error\":.*");
    private static final Pattern INDEX = Pattern.compile("\\{\"index\":\\d+(.*)");

    private RetriedLines() {}

    /// Writes the results anew, under their own name in one step.
    ///
    /// @param results all of a run, in the order of its input
    /// @param again those without an answer, in the same order
    /// @return the bytes of the results
    /// @throws CannotBegin when the two do not go together
    static long putInto(Path results, Path again) throws IOException {
        Path part = results.resolveSibling(results.getFileName() + ".part");
        try (BufferedReader lines = Files.newBufferedReader(results, BYTES);
                BufferedReader others = Files.newBufferedReader(again, BYTES);
                BufferedWriter out = Files.newBufferedWriter(part, BYTES)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Matcher error = ERROR.matcher(line);
                out.write(
                        error.matches()
                                ? placed(others.readLine(), error.group(1), results)
                                : line);
                out.write('\n');
            }
            if (others.readLine() != null) {
                throw changed(results);
            }
        }
        Files.move(
                part, results, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        return Files.size(results);
    }

    private static String placed(@Nullable String line, String index, Path results) {
        if (line == null) {
            throw changed(results);
        }
        Matcher own = INDEX.matcher(line);
        if (!own.matches()) {
            throw changed(results);
        }
        return "{\"index\":" + index + own.group(1);
    }

    private static CannotBegin changed(Path results) {
        return new CannotBegin(
                results
                        + " is not what this run has written; its failed prompts cannot be put into their"
                        + " places.");
    }
}
