package io.penstock.batch;

import io.penstock.store.Chunk;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.jboss.logging.Logger;

/// Finds the item that ends its worker, in a chunk that was claimed again and again in vain: runs a
/// few items at a time and notes them before, so that the next claim knows which to suspect, and
/// runs each of those alone.
///
/// That a process has died says nothing of an item, since it hits all that the process works on. It
/// speaks against one only if that was the only item of any chunk in a process that had
/// [lived][Quarantine] until then, and only if it happens to the same one again and again. Not
/// thread-safe.
final class CarefulRun {

    private static final Logger LOG = Logger.getLogger(CarefulRun.class);

    /// Claims that lapsed in a row with no outcome, before a chunk is run so.
    private static final int CRASHES_BEFORE_CARE = 2;

    private static final int ITEMS_AT_ONCE = 8;

    /// Crashes in a row of claims that had started one suspect alone, before it is taken for the
    /// cause: a worker may also be killed just then, and an item that is blamed wrongly is lost.
    private static final int CRASHES_OF_A_SUSPECT = 10;

    private final Claim claim;
    private final ChunkItems items;
    private final Alone alone;
    private final Together together;

    /// Waits until no other item is at work in the process.
    @FunctionalInterface
    interface Alone {

        /// @return whether that is so; else the run is to stop
        boolean await() throws InterruptedException;
    }

    /// Runs a few items to their ends.
    @FunctionalInterface
    interface Together {

        /// @return whether to go on with others
        boolean run(List<Integer> places) throws InterruptedException;
    }

    /// @param together lets the others go on when it is done
    CarefulRun(Claim claim, ChunkItems items, Alone alone, Together together) {
        this.claim = claim;
        this.items = items;
        this.alone = alone;
        this.together = together;
    }

    /// Whether a chunk needs a careful run.
    static boolean isNeeded(Chunk chunk) {
        return chunk.crashes() > CRASHES_BEFORE_CARE || !chunk.suspects().isEmpty();
    }

    /// Places for the items of this chunk alone: an item that waited for a place among other
    /// chunks' items would be suspected before it has begun.
    static Semaphore places() {
        return new Semaphore(ITEMS_AT_ONCE);
    }

    /// Records an item as failed that has ended too many claims in a row.
    ///
    /// @param jobId for the log
    void recordCulprit(String jobId) {
        Chunk chunk = claim.chunk();
        List<Integer> suspects = suspects();
        if (suspects.size() == 1 && chunk.suspectCrashes() >= CRASHES_OF_A_SUSPECT) {
            int culprit = suspects.getFirst();
            LOG.errorf(
                    "Job %s: item %d has ended its worker %d times and is recorded as failed",
                    jobId, chunk.firstItem() + culprit, chunk.suspectCrashes());
            items.crashed(culprit);
        }
    }

    /// Runs all items without an outcome: the suspects first, each alone.
    ///
    /// @return false when another worker has the chunk
    boolean run() throws InterruptedException {
        for (int suspect : suspects()) {
            if (!alone.await()) {
                return true;
            }
            if (!claim.suspect(List.of(suspect))) {
                return false;
            }
            if (!together.run(List.of(suspect))) {
                return true;
            }
        }
        for (List<Integer> group : inGroups(items.open())) {
            // A single one is suspected as if it had been alone.
            if (group.size() == 1 && !alone.await()) {
                return true;
            }
            if (!claim.suspect(group)) {
                return false;
            }
            if (!together.run(group)) {
                return true;
            }
        }
        return true;
    }

    private List<Integer> suspects() {
        return claim.chunk().suspects().stream().filter(items::isOpen).toList();
    }

    private static List<List<Integer>> inGroups(List<Integer> places) {
        List<List<Integer>> groups = new ArrayList<>();
        for (int i = 0; i < places.size(); i += ITEMS_AT_ONCE) {
            groups.add(places.subList(i, Math.min(places.size(), i + ITEMS_AT_ONCE)));
        }
        return groups;
    }
}
