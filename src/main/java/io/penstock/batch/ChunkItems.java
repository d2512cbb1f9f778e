package io.penstock.batch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.InvalidRequest;
import io.penstock.pipeline.StageOutcome.Finished;
import io.penstock.store.Chunk;
import io.penstock.store.Counts;
import io.penstock.store.Job;
import io.penstock.store.Payloads;
import io.penstock.store.Tokens;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// The items of a chunk during one claim, and which of them have an outcome; each gets one, which
/// is recorded through the [Claim]. Not thread-safe.
final class ChunkItems {

    private static final Counts COMPLETED = new Counts(1, 0, 0, 0);
    private static final Counts FAILED = new Counts(0, 1, 0, 0);
    private static final Counts EXPIRED = new Counts(0, 0, 1, 0);
    private static final Counts CANCELLED = new Counts(0, 0, 0, 1);

    private final Payloads payloads;
    private final ItemReader reader;
    private final ObjectNode options;
    private final Job job;
    private final Claim claim;
    private final long firstItem;
    private final List<byte[]> lines = new ArrayList<>();
    private final BitSet recorded = new BitSet();

    /// Stages of items without an outcome, by the item's place.
    private final Map<Integer, List<Finished>> stages = new HashMap<>();

    /// What was tried of items without an outcome, by the item's place; `triedNow` has the places
    /// of those that were tried in this claim.
    private final Map<Integer, ResultLine.Tried> tried = new HashMap<>();

    private final BitSet triedNow = new BitSet();

    /// What failures have used that are not recorded yet, by the item's place.
    private final Map<Integer, Tokens> owed = new HashMap<>();

    /// @param options that hold for all items
    ChunkItems(Payloads payloads, ItemReader reader, ObjectNode options, Job job, Claim claim) {
        this.payloads = payloads;
        this.reader = reader;
        this.options = options;
        this.job = job;
        this.claim = claim;
        this.firstItem = claim.chunk().firstItem();
    }

    /// Reads what earlier claims have recorded of the chunk.
    void readOn() {
        Chunk chunk = claim.chunk();
        try (SegmentLines all = new SegmentLines(payloads, chunk)) {
            for (byte[] line = all.next(); line != null; line = all.next()) {
                int place = Math.toIntExact(ResultLine.index(line) - firstItem);
                if (ResultLine.isTried(line)) {
                    tried.put(place, ResultLine.tried(line));
                } else if (!ResultLine.isStage(line)) {
                    recorded.set(place);
                    stages.remove(place);
                } else if (isOpen(place)) {
                    stages.computeIfAbsent(place, _ -> new ArrayList<>())
                            .add(ResultLine.stage(line));
                }
            }
        }
        Segments.split(Segments.input(payloads, job, chunk), lines);
    }

    /// The places of the items without an outcome, from the first.
    List<Integer> open() {
        return IntStream.range(0, lines.size()).filter(this::isOpen).boxed().toList();
    }

    boolean isOpen(int place) {
        return !recorded.get(place);
    }

    /// Items without an outcome, as the [Feed] starts them: first those that were tried least, so
    /// that each is tried while others are answered.
    List<Feed.Waiting> waiting(List<Integer> places) {
        return places.stream()
                .sorted(Comparator.comparingInt(place -> tried(place).attempts()))
                .map(this::waiting)
                .toList();
    }

    private Feed.Waiting waiting(int place) {
        return new Feed.Waiting(
                place,
                lines.get(place),
                new Feed.Before(
                        finished(place),
                        tried(place).attempts(),
                        tried(place).spent(),
                        tried(place).failedMicros()));
    }

    void answered(Happened.Answered answered) {
        record(answered.place(), answered.line(), COMPLETED, answered.tokens());
    }

    /// Records a stage, so that it is never called again for this item.
    void stageDone(Happened.StageDone done) {
        stages.computeIfAbsent(done.place(), _ -> new ArrayList<>()).add(done.stage());
        claim.add(
                ResultLine.stage(firstItem + done.place(), done.stage()),
                Counts.NONE,
                done.tokens());
    }

    /// What was tried of an item before it has an outcome.
    ResultLine.Tried tried(int place) {
        return tried.getOrDefault(place, ResultLine.Tried.NOT);
    }

    /// Takes note of an item that may be left without an outcome.
    ///
    /// @param failedMicros when an attempt began that may speak against the item later; 0 for none
    void tried(Happened.Failed failed, long failedMicros) {
        int place = failed.place();
        owed.merge(place, failed.spent(), Tokens::plus);
        int more = failed.attempts() - stageAttempts(place);
        ResultLine.Tried last = tried(place);
        if (more > last.attempts()) {
            tried.put(
                    place,
                    new ResultLine.Tried(
                            more, last.again(), last.spent().plus(failed.spent()), failedMicros));
            triedNow.set(place);
        }
    }

    /// Records what was tried of the items that stay without an outcome, for the claims that go on
    /// with them.
    ///
    /// @param outage knows which failures are unexplained
    void handOn(Outage outage) {
        for (int place : open()) {
            boolean again = outage.isUnexplained(place);
            if (triedNow.get(place) || again) {
                ResultLine.Tried last = tried(place);
                claim.add(
                        ResultLine.tried(
                                firstItem + place,
                                new ResultLine.Tried(
                                        last.attempts(),
                                        last.again() + (again ? 1 : 0),
                                        last.spent(),
                                        last.failedMicros())),
                        Counts.NONE,
                        owed(place));
            }
        }
    }

    private Tokens owed(int place) {
        Tokens tokens = owed.remove(place);
        return tokens == null ? Tokens.NONE : tokens;
    }

    private int stageAttempts(int place) {
        return finished(place).stream().mapToInt(Finished::attempts).sum();
    }

    void failed(Happened.Failed failed) {
        int place = failed.place();
        record(
                place,
                options.hasNonNull("task")
                        ? ResultLine.failed(firstItem + place, failed, tried(place).spent())
                        : ResultLine.failed(
                                firstItem + place,
                                failed.customId(),
                                failed.failure(),
                                failed.attempts(),
                                reached(place, failed.stage())),
                FAILED,
                Tokens.NONE);
    }

    void unreadable(int place, InvalidRequest why) {
        error(place, null, why.code(), "invalid_request_error", why.text(), FAILED);
    }

    /// Records that an item has ended its workers.
    void crashed(int place) {
        error(
                place,
                customId(place),
                "worker_crashed",
                "server_error",
                "Each worker that ran this item ended without an answer.",
                FAILED);
    }

    /// Gives each item without an outcome the same error, as when its job is cancelled.
    void close(String code, String message) {
        Counts one =
                switch (code) {
                    case "batch_expired" -> EXPIRED;
                    case "batch_cancelled" -> CANCELLED;
                    default -> FAILED;
                };
        for (int place : open()) {
            error(place, customId(place), code, "batch_error", message, one);
        }
    }

    private void error(
            int place,
            @Nullable String customId,
            String code,
            String type,
            String message,
            Counts counts) {
        record(
                place,
                ResultLine.error(
                        firstItem + place,
                        customId,
                        code,
                        type,
                        message,
                        tried(place).attempts() + stageAttempts(place),
                        reached(place, null)),
                counts,
                Tokens.NONE);
    }

    private void record(int place, byte[] line, Counts counts, Tokens tokens) {
        if (recorded.get(place)) {
            throw new IllegalStateException(
                    "Item " + (firstItem + place) + " of job " + job.id() + " has an outcome");
        }
        recorded.set(place);
        stages.remove(place);
        claim.add(line, counts, tokens.plus(owed(place)));
    }

    /// @return null where there is no pipeline
    private ResultLine.@Nullable Reached reached(int place, @Nullable String failed) {
        return options.hasNonNull("pipeline")
                ? new ResultLine.Reached(finished(place), failed)
                : null;
    }

    private List<Finished> finished(int place) {
        return List.copyOf(stages.getOrDefault(place, List.of()));
    }

    private @Nullable String customId(int place) {
        try {
            return reader.read(lines.get(place), options).customId();
        } catch (InvalidRequest unreadable) {
            return null;
        }
    }
}
