package io.penstock.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.chaos.Disruption.Kind;
import io.penstock.testing.Caller;
import io.penstock.testing.Door;
import io.penstock.testing.Provider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// Holds a batch to what was promised, by what its owner has read and what the provider has seen,
/// never by Penstock's own word.
final class Checker {

    /// Results that were not yet recorded when a process died may be at most this old: they are
    /// written every 250 ms, and later by one that has just started, on a busy machine.
    static final double COMMIT_MILLIS = 1_000;

    private static final double RECOVERY_MILLIS = 60_000;

    private static final List<String> ENDED =
            List.of("completed", "failed", "expired", "cancelled");

    private final String id;
    private final int items;
    private final Map<Integer, String> read = new TreeMap<>();
    private final int[] counts = new int[ENDED.size()];
    private final List<String> violations = new ArrayList<>();
    private String cursor = "";
    private Duration callTimeout = Duration.ZERO;

    /// When items began that others may have to wait for.
    private NavigableSet<Double> begun = new TreeSet<>();

    private int doubled;
    private int looks;
    private int readEarly;

    /// A call as the provider saw it.
    record Call(double at, double endedAt, int status, String end, boolean faulty) {

        static Call of(JsonNode entry) {
            return new Call(
                    entry.path("at").asDouble(),
                    entry.path("ended_at").asDouble(Double.MAX_VALUE),
                    entry.path("status").asInt(),
                    entry.path("end").asText(),
                    entry.path("fault").isTextual());
        }

        boolean answered() {
            return status == 200 && end.equals("completed") && !faulty;
        }

        /// Whether the caller may have given up, also if the answer was on its way.
        boolean timedOut(Duration timeout) {
            return end.equals("aborted") || endedAt - at >= 0.75 * timeout.toMillis();
        }

        boolean isInFlight(double moment) {
            return at <= moment && endedAt >= moment;
        }
    }

    Checker(String id, int items) {
        this.id = id;
        this.items = items;
    }

    /// What the owner sees now must agree with all that the owner has seen.
    ///
    /// @return the batch's status
    String look(Door door) {
        JsonNode status = Caller.parse(get(door, "").body());
        int sum = 0;
        for (int i = 0; i < counts.length; i++) {
            int count = status.path(ENDED.get(i)).asInt(-1);
            if (count < counts[i]) {
                violations.add(ENDED.get(i) + " went from " + counts[i] + " to " + count);
            }
            counts[i] = count;
            sum += count;
        }
        if (status.path("total").asInt() != items
                || sum + status.path("pending").asInt(-1) != items) {
            violations.add("The counts do not add up: " + status);
        }
        String word = status.path("status").asText();
        if (word.equals("completed") && sum != items) {
            violations.add("It is completed with outcomes missing: " + status);
        }
        looks++;
        int before;
        do {
            before = read.size();
            readOn(door);
        } while (word.equals("completed") && read.size() > before);
        return word;
    }

    /// Goes on where the page before ended, whichever process gave it.
    private void readOn(Door door) {
        Door.Raw page =
                get(door, "/results?limit=500" + (cursor.isEmpty() ? "" : "&after=" + cursor));
        if (page.status() != 200) {
            violations.add("A page is answered with " + page);
            return;
        }
        page.body()
                .lines()
                .forEach(line -> {
                    String before = read.putIfAbsent(Question.index(line), line);
                    if (before != null) {
                        doubled++;
                        violations.add("Two outcomes of one item: " + before + " and " + line);
                    }
                });
        cursor = page.headers().path("x-next-cursor").asText();
    }

    /// How many items the owner has seen to have an outcome.
    int ended() {
        return Arrays.stream(counts).sum();
    }

    /// How many items the owner has seen to have ended so.
    int count(String how) {
        return counts[ENDED.indexOf(how)];
    }

    /// Reads all results in both orders, page by page, and compares them with each other and with
    /// what was read before. What is kept is one line for each item.
    Map<Integer, String> results(Door door) {
        int before;
        do {
            before = read.size();
            readOn(door);
        } while (read.size() > before);
        int next = 0;
        String after = "";
        while (true) {
            Door.Raw page = get(door, "/results?order=input&limit=1000" + after);
            if (page.status() != 200) {
                violations.add("A page is answered with " + page);
                break;
            }
            if (page.body().isEmpty()) {
                break;
            }
            for (String line : page.body().lines().toList()) {
                if (Question.index(line) != next) {
                    violations.add("In place of item " + next + " comes " + line);
                }
                if (!line.equals(read.get(next))) {
                    violations.add(
                            "The result of item " + next + " was " + read.get(next) + ": " + line);
                }
                next++;
            }
            after = "&after=" + page.headers().path("x-next-cursor").asText();
        }
        if (next != items || read.size() != items) {
            violations.add(next + " and " + read.size() + " outcomes of " + items + " items");
        }
        return read;
    }

    /// @throws AssertionError when anything was seen that must not be
    void verify() {
        if (!violations.isEmpty()) {
            throw new AssertionError(String.join("\n", violations));
        }
    }

    /// The calls for each item, in the order in which they came.
    static Map<Integer, List<Call>> calls(Provider provider) {
        Map<Integer, List<Call>> calls = new TreeMap<>();
        for (JsonNode entry : provider.wholeLog()) {
            Question asked = Question.ofKey(entry.path("key").asText());
            calls.computeIfAbsent(asked.number(), _ -> new ArrayList<>()).add(Call.of(entry));
        }
        return calls;
    }

    /// What the engine allows to take long.
    ///
    /// @param slowWrite how long a write may take when a request on its way is spoilt
    /// @param callTimeout of a call to the provider
    /// @param isQueued whether what a dead worker leaves waits behind all that was queued before
    ///   it: its recovery is then counted from when the last item of those has begun
    record Timing(String engine, Duration slowWrite, Duration callTimeout, boolean isQueued) {

        static Timing of(Engine engine) {
            return new Timing(engine.name(), engine.slowWrite(), engine.callTimeout(), false);
        }
    }

    /// Takes the batch's results as a whole and holds all against them.
    ///
    /// @param endedAt when the owner saw that the batch was completed
    void check(
            Door door,
            Provider provider,
            List<Disruption> disruptions,
            double endedAt,
            double seconds,
            Timing timing) {
        readEarly = read.size();
        results(door);
        Map<Integer, List<Call>> calls = calls(provider);
        long total = calls.values().stream().mapToLong(List::size).sum();
        long late =
                calls.values().stream()
                        .flatMap(List::stream)
                        .filter(call -> call.at > endedAt)
                        .count();
        if (late > 0) {
            violations.add(late + " calls after the batch had ended");
        }
        int[] bad = outcomes(calls, disruptions);
        callTimeout = timing.callTimeout;
        begun =
                !timing.isQueued
                        ? new TreeSet<>()
                        : calls.values().stream()
                                .map(made -> made.getFirst().at)
                                .collect(Collectors.toCollection(TreeSet::new));
        double promisedMillis = COMMIT_MILLIS + timing.slowWrite.toMillis();
        Repeats repeats = repeats(calls, disruptions, promisedMillis);
        int kills = count(disruptions, Kind.KILL);
        System.out.printf(
                Locale.ROOT,
                """
                engine                             %s
                items                              %d
                kills, freezes, obstructions       %d, %d, %d
                lost, doubled, mixed up            %d, %d, %d
                taken for the cause of a crash     %d
                provider calls                     %d
                repeated calls                     %d, of them %d for a kill, %d for a time-out
                  per kill, max and mean           %d and %.1f
                  oldest result that was repeated  %.0f ms before the kill (promised %.0f ms)
                longest recovery                   %.1f s (promised %.0f s), with all kills and waits %.1f s
                looks, results read before the end %d, %d
                wall time                          %.0f s
                """,
                timing.engine,
                items,
                kills,
                count(disruptions, Kind.FREEZE),
                count(disruptions, Kind.OBSTRUCTION),
                bad[0],
                bad[1],
                bad[2],
                bad[3],
                total,
                repeats.total,
                Arrays.stream(repeats.perDisruption).sum(),
                repeats.timeouts,
                Arrays.stream(repeats.perDisruption).max().orElse(0),
                Arrays.stream(repeats.perDisruption).sum() / (double) Math.max(1, kills),
                repeats.oldestMillis,
                promisedMillis,
                repeats.longestMillis / 1_000,
                RECOVERY_MILLIS / 1_000,
                repeats.wholeMillis / 1_000,
                looks,
                readEarly,
                seconds);
        verify();
    }

    /// @return how many are lost, doubled, mixed up, and wrongly taken for the cause of their
    ///   workers' ends
    private int[] outcomes(Map<Integer, List<Call>> calls, List<Disruption> disruptions) {
        int[] bad = new int[4];
        bad[1] = doubled;
        for (int i = 0; i < items; i++) {
            Question question = new Question(i);
            String line = read.get(i);
            if (line == null) {
                bad[0]++;
                continue;
            }
            List<Call> made = calls.getOrDefault(i, List.of());
            if (Question.code(line).equals("worker_crashed") && ended(made, disruptions) > 1) {
                bad[3]++;
                violations.add("Item " + i + " is taken for the cause of kills: " + line);
            } else if (!question.isAnsweredBy(line)) {
                bad[2]++;
                violations.add("Item " + i + " has the outcome " + line);
            } else if (!question.alwaysFails() && made.stream().noneMatch(Call::answered)) {
                violations.add("Item " + i + " has an answer that nobody gave");
            }
        }
        return bad;
    }

    /// How often a process ended or stood still while it made one of the calls.
    private static long ended(List<Call> calls, List<Disruption> disruptions) {
        return disruptions.stream()
                .filter(one -> calls.stream().anyMatch(call -> call.isInFlight(one.from())))
                .count();
    }

    private static final class Repeats {

        private final int[] perDisruption;
        private int total;
        private int timeouts;
        private double oldestMillis;

        /// From the last kill before the call, or from what else happened, or from when nothing was
        /// queued before it any more.
        private double longestMillis;

        /// From the first, with all that came after it.
        private double wholeMillis;

        private Repeats(int disruptions) {
            perDisruption = new int[disruptions];
        }
    }

    private Repeats repeats(
            Map<Integer, List<Call>> calls, List<Disruption> disruptions, double promisedMillis) {
        Repeats repeats = new Repeats(disruptions.size());
        calls.forEach((item, made) -> {
            for (int i = 1; i < made.size(); i++) {
                Call call = made.get(i - 1);
                // What the provider answered wrongly is called again because of that.
                if (!call.faulty || new Question(item).alwaysFails()) {
                    repeated(item, call, made.get(i), disruptions, repeats);
                }
            }
        });
        if (repeats.oldestMillis > promisedMillis) {
            violations.add(
                    "A result was not recorded " + repeats.oldestMillis + " ms after its answer");
        }
        if (repeats.longestMillis > RECOVERY_MILLIS) {
            violations.add("An item waited " + repeats.longestMillis + " ms to be called again");
        }
        return repeats;
    }

    /// Finds why a call was made once more.
    private void repeated(
            int item, Call call, Call next, List<Disruption> disruptions, Repeats repeats) {
        repeats.total++;
        List<Disruption> between =
                disruptions.stream().filter(one -> one.explains(call.at, next.at)).toList();
        if (between.isEmpty()) {
            if (call.timedOut(callTimeout)) {
                repeats.timeouts++;
            } else {
                violations.add(
                        "Item "
                                + item
                                + " was called again though nothing had happened: "
                                + call
                                + ", "
                                + next
                                + ", and came to "
                                + read.get(item));
            }
            return;
        }
        Disruption first = between.getFirst();
        // Another kill begins the recovery anew; a freeze or an obstruction does not.
        Disruption cause =
                between.stream()
                        .filter(one -> one.kind() == Kind.KILL)
                        .reduce((_, later) -> later)
                        .orElse(first);
        Double before = begun.lower(next.at);
        double since = before == null ? cause.from() : Math.max(before, cause.from());
        repeats.longestMillis = Math.max(repeats.longestMillis, next.at - since);
        repeats.wholeMillis = Math.max(repeats.wholeMillis, next.at - first.from());
        if (first.kind() == Kind.KILL) {
            repeats.perDisruption[disruptions.indexOf(first)]++;
            if (call.answered()) {
                repeats.oldestMillis = Math.max(repeats.oldestMillis, first.from() - call.endedAt);
            }
        }
    }

    private static int count(List<Disruption> disruptions, Kind kind) {
        return (int) disruptions.stream().filter(one -> one.kind() == kind).count();
    }

    private Door.Raw get(Door door, String below) {
        return door.call("GET", "/batch/" + id + below, "application/json", "");
    }
}
