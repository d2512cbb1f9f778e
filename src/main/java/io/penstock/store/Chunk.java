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
/// A worker holds a chunk's lease under an epoch of its own. A later claim raises version and
/// epoch, so that a worker that returns after its lease finds its version outdated and can write
/// nothing.
///
/// @param area the job's storage area
/// @param index from 0
/// @param version from 0, up by one with each write
/// @param epoch how many claims there have been
/// @param leaseUntil when the present claim lapses; null when nobody holds one, and long ago when
///   the last one has lapsed and that is [noted][#lapsed]
/// @param crashes claims in a row that lapsed instead of ending, since an item had an outcome
/// @param segments the recorded results: for each epoch the number of its segments
/// @param compacted where the results are in the order of the input, once every item has one
/// @param inVain claims in a row that were given up because of the provider, with no answer
/// @param heard when the models were last heard to answer its items
public record Chunk(
        String area,
        int index,
        Range range,
        long version,
        int epoch,
        @Nullable Instant leaseUntil,
        int crashes,
        Counts counts,
        Tokens tokens,
        List<EpochSegments> segments,
        Suspicion suspicion,
        int inVain,
        @Nullable Compacted compacted,
        Heard heard) {

    private static final Instant NOTED = Instant.EPOCH;

    /// Where its items are.
    ///
    /// @param offset of the first item's line in the input, in bytes
    /// @param length of all lines, in bytes
    /// @param firstItem index of the first item in the job
    public record Range(long offset, long length, long firstItem, int itemCount) {}

    /// The segments that one epoch has recorded, `jobs/{area}/segments/{chunk}/{epoch}-{seq}.jsonl`
    /// with `seq` from 0 to `count` - 1.
    public record EpochSegments(int epoch, int count) {}

    /// All outcomes of a chunk in one file, `jobs/{area}/chunks/{chunk}-{epoch}.jsonl`: the lines,
    /// and behind them an index.
    ///
    /// @param epoch of the claim that has written it
    /// @param outputBytes of the lines of items that are completed
    /// @param errorBytes of all other lines
    public record Compacted(int epoch, long outputBytes, long errorBytes) {

        /// Bytes of all lines.
        public long lineBytes() {
            return outputBytes + errorBytes;
        }
    }

    /// A chunk that nobody has worked on.
    public static Chunk of(
            String area, int index, long offset, long length, long firstItem, int itemCount) {
        return new Chunk(
                area,
                index,
                new Range(offset, length, firstItem, itemCount),
                0,
                0,
                null,
                0,
                Counts.NONE,
                Tokens.NONE,
                List.of(),
                Suspicion.NONE,
                0,
                null,
                Heard.NOTHING);
    }

    public long offset() {
        return range.offset;
    }

    public long length() {
        return range.length;
    }

    public long firstItem() {
        return range.firstItem;
    }

    public int itemCount() {
        return range.itemCount;
    }

    /// Whether every item has an outcome, and all of them are [compacted][Compacted].
    public boolean done() {
        return compacted != null;
    }

    /// Whether every item has an outcome.
    public boolean isWhole() {
        return counts.ended() == range.itemCount;
    }

    /// The items of [#suspicion].
    public List<Integer> suspects() {
        return suspicion.items();
    }

    /// The crashes of [#suspicion].
    public int suspectCrashes() {
        return suspicion.crashes();
    }

    /// The next version with segments that were written when the chunk was made. They have finished
    /// stages, and no outcomes.
    public Chunk carrying(int segmentCount) {
        return next(
                counts, tokens, List.of(new EpochSegments(epoch, segmentCount)), leaseUntil, heard);
    }

    /// Whether a worker may be at work on the chunk.
    public boolean isLeased(Instant now) {
        return leaseUntil != null && now.isBefore(leaseUntil);
    }

    /// Whether its last worker has died and no other has claimed it since.
    public boolean isLeft(Instant now) {
        return leaseUntil != null && !now.isBefore(leaseUntil);
    }

    /// Whether its last worker has died and that is [noted][#lapsed].
    public boolean isNoted() {
        return NOTED.equals(leaseUntil);
    }

    /// The next claim. One that has lapsed and was not [noted][#lapsed] yet counts as a crash.
    public Chunk claimed(Instant now, Duration lease) {
        return ended(epoch + 1, now.plus(lease));
    }

    /// The next version after a claim that has lapsed, which is noted as a crash: nobody holds the
    /// chunk now, and its last worker can record no more.
    public Chunk lapsed() {
        return ended(epoch, NOTED);
    }

    private Chunk ended(int nextEpoch, Instant nextLease) {
        return leaseUntil == null || isNoted()
                ? next(nextEpoch, nextLease, crashes, suspicion)
                : next(nextEpoch, nextLease, crashes + 1, suspicion.lapsed(epoch));
    }

    /// One more segment of the present epoch.
    public Chunk recorded(Counts more, Tokens used, Instant until, Heard news) {
        List<EpochSegments> all = new ArrayList<>(segments);
        if (!all.isEmpty() && all.getLast().epoch() == epoch) {
            all.set(all.size() - 1, new EpochSegments(epoch, all.getLast().count() + 1));
        } else {
            all.add(new EpochSegments(epoch, 1));
        }
        return next(
                counts.plus(more), tokens.plus(used), List.copyOf(all), until, heard.plus(news));
    }

    /// A longer lease.
    public Chunk leasedUntil(Instant until) {
        return next(epoch, until, crashes, suspicion);
    }

    /// Other suspects, before they are started.
    public Chunk suspecting(List<Integer> items, Instant until) {
        return next(epoch, until, crashes, suspicion.started(items, epoch));
    }

    /// Given back by its worker before it is done.
    ///
    /// @param claimsInVain claims in a row that were given up because of the provider
    public Chunk released(int claimsInVain) {
        return released(claimsInVain, null);
    }

    /// Given back by its worker when it is done.
    ///
    /// @param all its outcomes
    public Chunk released(@Nullable Compacted all) {
        return released(0, all);
    }

    private Chunk released(int claimsInVain, @Nullable Compacted all) {
        return new Chunk(
                area,
                index,
                range,
                version + 1,
                epoch,
                null,
                crashes,
                counts,
                tokens,
                segments,
                Suspicion.NONE,
                claimsInVain,
                all,
                heard);
    }

    private Chunk next(
            int newEpoch, @Nullable Instant newLease, int newCrashes, Suspicion newSuspicion) {
        return new Chunk(
                area,
                index,
                range,
                version + 1,
                newEpoch,
                newLease,
                newCrashes,
                counts,
                tokens,
                segments,
                newSuspicion,
                inVain,
                compacted,
                heard);
    }

    private Chunk next(
            Counts newCounts,
            Tokens newTokens,
            List<EpochSegments> newSegments,
            @Nullable Instant newLease,
            Heard newHeard) {
        return new Chunk(
                area,
                index,
                range,
                version + 1,
                epoch,
                newLease,
                newCounts.ended() > counts.ended() ? 0 : crashes,
                newCounts,
                newTokens,
                newSegments,
                suspicion,
                inVain,
                compacted,
                newHeard);
    }

    /// How it is stored.
    public String toJson() {
        ObjectNode json =
                StoredJson.MAPPER
                        .createObjectNode()
                        .put("area", area)
                        .put("index", index)
                        .put("offset", range.offset)
                        .put("length", range.length)
                        .put("first", range.firstItem)
                        .put("items", range.itemCount)
                        .put("version", version)
                        .put("epoch", epoch)
                        .put("crashes", crashes);
        StoredJson.put(json, "lease", leaseUntil);
        counts.putTo(json.putObject("counts"));
        tokens.putTo(json.putObject("tokens"));
        ArrayNode written = json.putArray("segments");
        segments.forEach(s -> written.addArray().add(s.epoch()).add(s.count()));
        suspicion.putTo(json);
        json.put("in_vain", inVain);
        heard.putTo(json);
        if (compacted != null) {
            json.putArray("compacted")
                    .add(compacted.epoch)
                    .add(compacted.outputBytes)
                    .add(compacted.errorBytes);
        }
        return json.toString();
    }

    /// Reads what [#toJson] wrote.
    public static Chunk fromJson(String stored) {
        JsonNode json = StoredJson.parse(stored);
        List<EpochSegments> segments = new ArrayList<>();
        json.path("segments")
                .forEach(s -> segments.add(new EpochSegments(s.get(0).asInt(), s.get(1).asInt())));
        return new Chunk(
                json.path("area").textValue(),
                json.path("index").asInt(),
                new Range(
                        json.path("offset").asLong(),
                        json.path("length").asLong(),
                        json.path("first").asLong(),
                        json.path("items").asInt()),
                json.path("version").asLong(),
                json.path("epoch").asInt(),
                StoredJson.instant(json, "lease"),
                json.path("crashes").asInt(),
                Counts.of(json.path("counts")),
                Tokens.of(json.path("tokens")),
                List.copyOf(segments),
                Suspicion.of(json),
                json.path("in_vain").asInt(),
                compacted(json.path("compacted")),
                Heard.of(json));
    }

    private static @Nullable Compacted compacted(JsonNode json) {
        return json.isArray()
                ? new Compacted(json.get(0).asInt(), json.get(1).asLong(), json.get(2).asLong())
                : null;
    }
}
