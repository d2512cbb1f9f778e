package io.penstock.testing;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.regex.Matcher;

/// How many answers came how, and each that was not its caller's own. Thread-safe.
public final class NamedTally {

    private final Map<String, LongAdder> counts = new ConcurrentSkipListMap<>();
    private final ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<String> incomplete = new ConcurrentLinkedQueue<>();
    private final LongAdder ended = new LongAdder();
    private final LongAdder succeeded = new LongAdder();

    /// Who asked for what.
    record Got(String name, boolean isChat, boolean streams) {

        String door() {
            return (isChat ? "/v1/chat/completions" : "/complete") + (streams ? ", streamed" : "");
        }
    }

    /// Answers that held another's bytes.
    public List<String> wrong() {
        return List.copyOf(wrong);
    }

    /// Successes that were not the whole text, and items without a line.
    public List<String> incomplete() {
        return List.copyOf(incomplete);
    }

    public long successes() {
        return succeeded.sum();
    }

    /// Answers that were checked.
    public long answers() {
        return ended.sum();
    }

    /// The other counts by what they count.
    public Map<String, Long> counts() {
        Map<String, Long> all = new TreeMap<>();
        counts.forEach((key, count) -> all.put(key, count.sum()));
        return all;
    }

    void count(String what) {
        counts.computeIfAbsent(what, _ -> new LongAdder()).increment();
    }

    void wrong(String name, String what) {
        wrong.add(name + " got " + what);
    }

    void exactly(String what, int expected, int count) {
        if (expected != count) {
            incomplete.add(what + ": " + count + " of " + expected);
        }
    }

    /// Takes an HTTP answer.
    ///
    /// @param all with its headers
    /// @param isLeft whether it was not read to its end
    void check(Got got, int status, String all, String body, boolean isLeft) {
        if (status != 200) {
            JsonNode error = isLeft ? Caller.JSON.nullNode() : Caller.parse(body);
            String code = error.path("error").path("code").asText("none");
            ended(got.name, got.door(), List.of(), false, status + " " + code, all);
            return;
        }
        if (!got.streams) {
            JsonNode whole = isLeft ? Caller.JSON.nullNode() : Caller.parse(body);
            List<String> texts =
                    got.isChat ? texts(whole) : List.of(whole.path("result").asText(""));
            ended(got.name, got.door(), texts, !isLeft, "left", all);
            return;
        }
        List<StringBuilder> texts = new ArrayList<>(List.of(new StringBuilder()));
        String end = isLeft ? "left" : "no end";
        String lines = isLeft ? body.substring(0, body.lastIndexOf('\n') + 1) : body;
        for (String line : lines.split("\n", -1)) {
            if (line.startsWith("data:")) {
                String data = line.substring("data:".length()).strip();
                end = data.equals("[DONE]") ? "done" : event(Caller.parse(data), texts, end);
            }
        }
        ended(
                got.name,
                got.door(),
                texts.stream().map(StringBuilder::toString).toList(),
                end.equals("done"),
                "200 " + end,
                all);
    }

    private static String event(JsonNode event, List<StringBuilder> texts, String end) {
        if (event.has("error")) {
            return event.path("error").path("code").asText("error");
        }
        texts.getFirst().append(event.path("token").asText(""));
        for (JsonNode choice : event.path("choices")) {
            int index = choice.path("index").asInt();
            while (texts.size() <= index) {
                texts.add(new StringBuilder());
            }
            texts.get(index).append(choice.path("delta").path("content").asText(""));
        }
        return event.has("done") ? "done" : end;
    }

    /// The texts of a whole completion's choices.
    static List<String> texts(JsonNode completion) {
        List<String> texts = new ArrayList<>();
        for (JsonNode choice : completion.path("choices")) {
            texts.add(choice.path("message").path("content").asText(""));
        }
        return texts;
    }

    /// Takes an answer: a success is the whole text of its name, anything else a part of it, and no
    /// other name stands anywhere.
    void ended(
            String name,
            String door,
            List<String> texts,
            boolean isSuccess,
            String failure,
            String all) {
        ended.increment();
        count(door + (isSuccess ? ": success" : ": " + failure));
        Matcher names = NamedAnswers.NAME.matcher(all);
        while (names.find()) {
            if (!names.group().equals(name)) {
                wrong(name, all);
                return;
            }
        }
        String own = NamedAnswers.text(name);
        for (String text : texts) {
            if (!own.startsWith(text)) {
                wrong(name, all);
                return;
            }
        }
        if (isSuccess) {
            succeeded.increment();
            if (texts.isEmpty() || !texts.stream().allMatch(own::equals)) {
                incomplete.add(name + " got " + all);
            }
        }
    }
}
