package io.penstock.llm;

import io.penstock.json.Fields;
import io.penstock.testing.Caller;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/// An answer that was read by an [AnswerReader], and the deltas that it gave.
record Read(Outcome outcome, List<String> deltas) {

    private static final Endpoint ENDPOINT = Endpoint.of("http://host/v1", null, false);
    private static final long MAX = 1 << 20;

    /// What is asked for.
    record Asked(boolean isWholeRequest, boolean streams, @Nullable Integer maxTokens) {

        Attempt attempt(List<String> deltas) throws InterruptedException {
            Prompt prompt =
                    isWholeRequest
                            ? Prompt.of(Fields.of("{\"model\":\"m\",\"messages\":[{}]}").json())
                            : new Prompt.Text("text", "m", null, null, maxTokens, null);
            Call call = streams ? Call.streaming(prompt, null, deltas::add) : Call.of(prompt, null);
            call.start(Duration.ofMinutes(1), Duration.ZERO, "m");
            return call.begin();
        }
    }

    /// @param cuts where the bytes are cut into pieces; null for one piece
    static Read of(byte[] body, Asked asked, @Nullable Random cuts, boolean isBroken) {
        List<String> deltas = new ArrayList<>();
        Exchange.Head head = new Exchange.Head(200, MultiMap.caseInsensitiveMultiMap());
        AnswerReader reader =
                new AnswerReader(
                        Answer.to(attempt(asked, deltas), head, ENDPOINT), head, ENDPOINT, MAX);
        int from = 0;
        boolean wantsMore = true;
        while (from < body.length && wantsMore) {
            int to =
                    cuts == null
                            ? body.length
                            : Math.min(body.length, from + 1 + cuts.nextInt(cuts.nextInt(40) + 1));
            wantsMore = reader.add(Buffer.buffer(java.util.Arrays.copyOfRange(body, from, to)));
            from = to;
        }
        return new Read(reader.end(isBroken), deltas);
    }

    private static Attempt attempt(Asked asked, List<String> deltas) {
        try {
            return asked.attempt(deltas);
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    /// The text of a success, which a stream has given in its deltas; null for a failure.
    @Nullable String text(Asked asked) {
        if (!(outcome instanceof Completion completion)) {
            return null;
        }
        if (!asked.streams) {
            return completion.text();
        }
        if (!asked.isWholeRequest) {
            return String.join("", deltas);
        }
        StringBuilder text = new StringBuilder();
        for (String chunk : deltas) {
            Caller.parse(chunk)
                    .path("choices")
                    .forEach(choice -> {
                        String more = MessageText.of(choice.path("delta"));
                        text.append(more == null ? "" : more);
                    });
        }
        // Chunks are passed on with half a pair as it came.
        SurrogatePairs pairs = new SurrogatePairs();
        return pairs.next(text.toString()) + pairs.last();
    }
}
