package io.penstock.bench;

import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Caller;
import io.penstock.testing.Function;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// What an environment of the function costs: its start, its first answer, its memory. Run it by
/// `./mvnw verify -Pcloud -Dpenstock.cloud=io.penstock.bench.Functions`, with `-Dnative` for the
/// native binary.
final class Functions {

    private static final int STARTS = 10;
    private static final int INVOCATIONS = 1_000;

    private Functions() {}

    public static void main(String[] args) throws IOException {
        try (SimulatedProvider simulated =
                SimulatedProvider.start(SimulatedProvider.Options.defaults())) {
            List<Double> starts = new ArrayList<>();
            List<Double> firsts = new ArrayList<>();
            List<Double> idle = new ArrayList<>();
            List<Double> used = new ArrayList<>();
            List<Double> each = new ArrayList<>();
            for (int i = 0; i < STARTS; i++) {
                long start = System.nanoTime();
                try (Function function =
                        new Function(
                                Map.of(
                                        "OPENAI_BASE_URL",
                                        simulated.baseUrl(),
                                        "OPENAI_API_KEY",
                                        "bench"))) {
                    starts.add(millisSince(start));
                    idle.add(residentMegabytes(function.pid()));
                    firsts.add(complete(function, "first"));
                    if (i < 3) {
                        for (int j = 0; j < INVOCATIONS; j++) {
                            each.add(complete(function, "prompt " + j));
                        }
                        used.add(residentMegabytes(function.pid()));
                    }
                }
            }
            print("process start to first next, ms", starts);
            print("first answer, ms", firsts);
            print("an answer after it, ms", each);
            print("RSS idle, MB", idle);
            print("RSS after " + INVOCATIONS + " invocations, MB", used);
        }
    }

    private static double complete(Function function, String prompt) {
        long start = System.nanoTime();
        Function.Answer answer = function.complete(Caller.prompt(prompt));
        if (answer.status() != 200) {
            throw new AssertionError(answer.toString());
        }
        return millisSince(start);
    }

    private static double millisSince(long start) {
        return (System.nanoTime() - start) / 1e6;
    }

    private static double residentMegabytes(long pid) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024.0;
            }
        }
        throw new AssertionError("No VmRSS of " + pid);
    }

    private static void print(String what, List<Double> values) {
        Collections.sort(values);
        System.out.printf(
                Locale.ROOT,
                "%-40s least %.1f, median %.1f, most %.1f%n",
                what,
                values.getFirst(),
                values.get(values.size() / 2),
                values.getLast());
    }
}
