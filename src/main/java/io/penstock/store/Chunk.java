package io.penstock.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Consecutive items of one job, and how far they have come. Immutable; each `with` gives the next
/// version, to be stored by [JobStore#replace].
///
/// Who works on a chunk holds its lease under an epoch of its own. Whoever claims it later raises
/// version and epoch, so that a worker that returns after its lease finds its version outdated and
/// can write nothing.
///
/// @param area the job's storage area
/// @param index from 0
/// @param offset of the first item's line in the input, in bytes
/// @param length of all lines, in bytes
/// @param firstItem index of the first item in the job
/// @param itemCount items in the chunk
/// @param version from 0, up by one with each write
/// @param epoch how many claims there have been
/// @param leaseUntil when the present claim lapses; null when nobody holds one
/// @param crashes claims that lapsed instead of ending
/// @param done whether every item has an outcome
/// @param segments the recorded results: for each epoch the number of its segments
/// @param suspects items, by index in the chunk, one of which may have ended its worker
/// @param suspectCrashes how often a claim that had started just these suspects lapsed
/// @param suspectedIn the epoch that started them last
public record Chunk(
        String area,
        int index,
        long offset,
        long length,
        long firstItem,
        int itemCount,
        long version,
        int epoch,
        @Nullable Instant leaseUntil,
        int crashes,
        boolean done,
        Counts counts,
        Tokens tokens,
        List<Segments> segments,
        List<Integer> suspects,
        int suspectCrashes,
        int suspectedIn) {

    /// The segments that one epoch has recorded, `jobs/{area}/segments/{chunk}/{epoch}-{seq}.jsonl`
    /// with `seq` from 0 to `count` - 1.
    public record Segments(int epoch, int count) {}

    /// A chunk that nobody has worked on.
    public static Chunk of(
            String area, int index, long offset, long length, long firstItem, int itemCount) {
        return new Chunk(
                area,
                index,
                offset,
                length,
                firstItem,
                itemCount,
                0,
                0,
                null,
                0,
                false,
                Counts.NONE,
                Tokens.NONE,
                List.of(),
                List.of(),
                0,
                0);
    }

    /// The same with segments that were written when it was made, which tell of no outcome.
    public Chunk carrying(int segmentCount) {
        return with(
                epoch,
                leaseUntil,
                crashes,
                done,
                counts,
                tokens,
                List.of(new Segments(epoch, segmentCount)),
                suspects,
                suspectCrashes,
                suspectedIn);
    }

    /// Whether somebody may be at work on it.
    public boolean isLeased(Instant now) {
        return leaseUntil != null && now.isBefore(leaseUntil);
    }

    /// The next claim. One that has lapsed and was not [noted][#lapsed] yet counts as a crash.
    public Chunk claimed(Instant now, Duration lease) {
        return ended(epoch + 1, now.plus(lease));
    }

    /// A claim that has lapsed, noted as a crash: nobody holds the chunk now, and whoever did can
    /// record no more.
    public Chunk lapsed() {
        return ended(epoch, null);
    }

    /// A crash leaves the suspects where they are; it speaks against them only if the claim had
    /// started them.
    private Chunk ended(int nextEpoch, @Nullable Instant nextLease) {
        boolean crashed = leaseUntil != null;
        boolean withSuspects = crashed && !suspects.isEmpty() && suspectedIn == epoch;
        return with(
                nextEpoch,
                nextLease,
                crashed ? crashes + 1 : crashes,
                done,
                counts,
                tokens,
                segments,
                suspects,
                withSuspects ? suspectCrashes + 1 : suspectCrashes,
                suspectedIn);
    }

    /// One more segment of the present epoch.
    public Chunk recorded(Counts more, Tokens used, Instant until) {
        List<Segments> all = new ArrayList<>(segments);
        if (!all.isEmpty() && all.getLast().epoch() == epoch) {
            all.set(all.size() - 1, new Segments(epoch, all.getLast().count() + 1));
        } else {
            all.add(new Segments(epoch, 1));
        }
        return with(
                epoch,
                until,
                crashes,
                done,
                counts.plus(more),
                tokens.plus(used),
                List.copyOf(all),
                suspects,
                suspectCrashes,
                suspectedIn);
    }

    /// A longer lease.
    public Chunk leasedUntil(Instant until) {
        return with(
                epoch,
                until,
                crashes,
                done,
                counts,
                tokens,
                segments,
                suspects,
                suspectCrashes,
                suspectedIn);
    }

    /// Other suspects, before they are started.
    public Chunk suspecting(List<Integer> items, Instant until) {
        return with(
                epoch,
                until,
                crashes,
                done,
                counts,
                tokens,
                segments,
                List.copyOf(items),
                items.equals(suspects) ? suspectCrashes : 0,
                epoch);
    }

    /// Given back by its worker, with or without items left.
    public Chunk released() {
        return with(
                epoch,
                null,
                crashes,
                counts.ended() == itemCount,
                counts,
                tokens,
                segments,
                List.of(),
                0,
                0);
    }

    private Chunk with(
            int newEpoch,
            @Nullable Instant newLease,
            int newCrashes,
            boolean newDone,
            Counts newCounts,
            Tokens newTokens,
            List<Segments> newSegments,
            List<Integer> newSuspects,
            int newSuspectCrashes,
            int newSuspectedIn) {
        return new Chunk(
                area,
                index,
                offset,
                length,
                firstItem,
                itemCount,
                version + 1,
                newEpoch,
                newLease,
                newCrashes,
                newDone,
                newCounts,
                newTokens,
                newSegments,
                newSuspects,
                newSuspectCrashes,
                newSuspectedIn);
    }

    /// How it is stored.
    public String toJson() {
        ObjectNode json =
                Json.MAPPER
                        .createObjectNode()
                        .put("area", area)
                        .put("index", index)
                        .put("offset", offset)
                        .put("length", length)
                        .put("first", firstItem)
                        .put("items", itemCount)
                        .put("version", version)
                        .put("epoch", epoch)
                        .put("crashes", crashes)
                        .put("done", done);
        Json.put(json, "lease", leaseUntil);
        json.putArray("counts")
                .add(counts.completed())
                .add(counts.failed())
                .add(counts.expired())
                .add(counts.cancelled());
        json.putArray("tokens")
                .add(tokens.prompt())
                .add(tokens.completion())
                .add(tokens.costNanos())
                .add(tokens.cached())
                .add(tokens.reasoning());
        ArrayNode written = json.putArray("segments");
        segments.forEach(s -> written.addArray().add(s.epoch()).add(s.count()));
        ArrayNode suspected = json.putArray("suspects");
        suspects.forEach(suspected::add);
        return json.put("suspect_crashes", suspectCrashes)
                .put("suspected_in", suspectedIn)
                .toString();
    }

    /// Reads what [#toJson] wrote.
    public static Chunk fromJson(String stored) {
        JsonNode json = Json.parse(stored);
        JsonNode counts = json.path("counts");
        List<Segments> segments = new ArrayList<>();
        json.path("segments")
                .forEach(s -> segments.add(new Segments(s.get(0).asInt(), s.get(1).asInt())));
        List<Integer> suspects = new ArrayList<>();
        json.path("suspects").forEach(s -> suspects.add(s.asInt()));
        return new Chunk(
                json.path("area").textValue(),
                json.path("index").asInt(),
                json.path("offset").asLong(),
                json.path("length").asLong(),
                json.path("first").asLong(),
                json.path("items").asInt(),
                json.path("version").asLong(),
                json.path("epoch").asInt(),
                Json.instant(json, "lease"),
                json.path("crashes").asInt(),
                json.path("done").asBoolean(),
                new Counts(
                        counts.path(0).asInt(),
                        counts.path(1).asInt(),
                        counts.path(2).asInt(),
                        counts.path(3).asInt()),
                new Tokens(
                        json.path("tokens").path(0).asLong(),
                        json.path("tokens").path(1).asLong(),
                        json.path("tokens").path(2).asLong(),
                        json.path("tokens").path(3).asLong(),
                        json.path("tokens").path(4).asLong()),
                List.copyOf(segments),
                List.copyOf(suspects),
                json.path("suspect_crashes").asInt(),
                json.path("suspected_in").asInt());
    }
}
