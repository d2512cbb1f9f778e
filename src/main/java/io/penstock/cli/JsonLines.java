package io.penstock.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import java.io.PrintStream;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// A line of JSON a second, for programs:
/// `{"total","done","completed","failed","in_flight","rate_per_second","eta_seconds",
/// "prompt_tokens","completion_tokens","cached_tokens","cost","expected_cost","elapsed_seconds",
/// "message"}`, the last one with `"ended":true`, `"requests"` and
/// `"failures":[{"code","count","index","message"}…]`.
final class JsonLines implements Display {

    private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final PrintStream out;
    private long nextNanos = System.nanoTime();

    JsonLines(PrintStream out) {
        this.out = out;
    }

    @Override
    public void show(Snapshot now) {
        if (System.nanoTime() - nextNanos >= 0) {
            nextNanos = System.nanoTime() + INTERVAL_NANOS;
            out.println(line(now, now.sentence()));
        }
    }

    @Override
    public void end(Snapshot all, String last) {
        ObjectNode line = line(all, last).put("ended", true);
        line.put("requests", all.tally().attempts());
        ArrayNode failures = line.putArray("failures");
        for (ResultsTally.Failures failed : all.tally().failures()) {
            failures.addObject()
                    .put("code", failed.kind())
                    .put("count", failed.count())
                    .put("index", failed.index())
                    .put("message", failed.message());
        }
        out.println(line);
    }

    private static ObjectNode line(Snapshot now, String message) {
        Duration left = now.left();
        return Fields.JSON
                .createObjectNode()
                .put("total", now.total())
                .put("done", now.done())
                .put("completed", now.counts().completed())
                .put("failed", now.failed())
                .put("in_flight", now.inFlight())
                .put("rate_per_second", Math.round(now.rate() * 10) / 10.0)
                .put("eta_seconds", left == null ? null : left.toSeconds())
                .put("prompt_tokens", now.tokens().prompt())
                .put("completion_tokens", now.tokens().completion())
                .put("cached_tokens", now.tokens().cached())
                .put("cost", now.cost())
                .put("expected_cost", now.costExpected())
                .put("elapsed_seconds", now.elapsed().toMillis() / 1000.0)
                .put("message", message);
    }
}
