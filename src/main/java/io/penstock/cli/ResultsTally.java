package io.penstock.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.json.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What the written results come to: the failures by kind, each with its first example, and the
/// requests that were made. Written by one thread, readable by any.
final class ResultsTally {

    private static final byte[] ERROR = ",\"error\":".getBytes(StandardCharsets.US_ASCII);

    /// Never within a string, where a quotation mark has a backslash before it; before a provider's
    /// own answer, and before those of stages.
    private static final byte[] ATTEMPTS = ",\"attempts\":".getBytes(StandardCharsets.US_ASCII);

    /// Kinds that are told apart; providers may have any number of codes.
    private static final int KINDS_MAX = 50;

    private final Map<String, Failures> failures = new TreeMap<>();
    private long lines;
    private long attempts;

    /// Failures of one kind.
    ///
    /// @param index of the first, from 0
    /// @param message of the first
    record Failures(String kind, long count, long index, String message) {

        private Failures andAnother() {
            return new Failures(kind, count + 1, index, message);
        }
    }

    /// Adds whole lines.
    void add(byte[] some) {
        int from = 0;
        for (int i = 0; i < some.length; i++) {
            if (some[i] == '\n') {
                line(some, from, i);
                from = i + 1;
            }
        }
    }

    /// Adds the lines of a file.
    void addAll(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        byte[] buffer = new byte[1 << 16];
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
            int from = 0;
            for (int i = 0; i < count; i++) {
                if (buffer[i] == '\n') {
                    line.write(buffer, from, i + 1 - from);
                    add(line.toByteArray());
                    line.reset();
                    from = i + 1;
                }
            }
            line.write(buffer, from, count - from);
        }
    }

    private synchronized void line(byte[] bytes, int from, int to) {
        lines++;
        attempts += attempts(bytes, from, to);
        int second = from + "{\"index\":".length();
        while (second < to && bytes[second] >= '0' && bytes[second] <= '9') {
            second++;
        }
        if (startsWith(ERROR, bytes, second, to)) {
            failed(Json.read(new String(bytes, from, to - from, StandardCharsets.UTF_8)));
        }
    }

    private void failed(JsonNode line) {
        String code = line.path("error").path("code").asText("unknown");
        String kind = failures.containsKey(code) || failures.size() < KINDS_MAX ? code : "others";
        Failures first =
                new Failures(
                        kind,
                        1,
                        line.path("index").asLong(),
                        line.path("error").path("message").asText());
        failures.merge(kind, first, (known, _) -> known.andAnother());
    }

    private static int attempts(byte[] bytes, int from, int to) {
        for (int i = from; i < to; i++) {
            if (bytes[i] == ',' && startsWith(ATTEMPTS, bytes, i, to)) {
                int number = 0;
                for (int at = i + ATTEMPTS.length;
                        at < to && bytes[at] >= '0' && bytes[at] <= '9';
                        at++) {
                    number = number * 10 + bytes[at] - '0';
                }
                return number;
            }
        }
        return 0;
    }

    private static boolean startsWith(byte[] what, byte[] bytes, int at, int to) {
        if (to - at < what.length) {
            return false;
        }
        for (int i = 0; i < what.length; i++) {
            if (bytes[at + i] != what[i]) {
                return false;
            }
        }
        return true;
    }

    /// The most frequent first.
    synchronized List<Failures> failures() {
        List<Failures> all = new ArrayList<>(failures.values());
        all.sort(Comparator.comparingLong(Failures::count).reversed());
        return all;
    }

    /// Lines that were added.
    synchronized long lines() {
        return lines;
    }

    /// Requests to the provider for what was added.
    synchronized long attempts() {
        return attempts;
    }
}
