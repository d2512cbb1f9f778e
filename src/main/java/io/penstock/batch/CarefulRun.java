package io.penstock.batch;

import io.penstock.store.Chunk;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.jboss.logging.Logger;

/// Finds the item that ends its worker, in a chunk that was claimed again and again in vain: runs a
/// few items at a time and notes them before, so that the next claim knows which to suspect. Not
/// thread-safe.
final class CarefulRun {

    private static final Logger LOG = Logger.getLogger(CarefulRun.class);

    /// Claims that lapsed before a chunk is run so.
    private static final int CRASHES_BEFORE_CARE = 2;

    private static final int ITEMS_AT_ONCE = 8;

    /// Crashes in a row of claims that had started one suspect alone, before it is taken for the
    /// cause: a worker may also end for another reason, and an item that is blamed wrongly is lost.
    private static final int CRASHES_OF_A_SUSPECT = 10;

    private final Claim claim;
    private final ChunkItems items;
    private final Together together;

    /// Runs a few items to their ends.
    @FunctionalInterface
    interface Together {

        /// @return whether to go on with others
        boolean run(List<Integer> places) throws InterruptedException;
    }

    CarefulRun(Claim claim, ChunkItems items, Together together) {
        this.claim = claim;
        this.items = items;
        this.together = together;
    }

    /// Whether a chunk needs a careful run.
    static boolean isNeeded(Chunk chunk) {
        return chunk.crashes() > CRASHES_BEFORE_CARE;
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
        List<List<Integer>> alone = suspects().stream().map(List::of).toList();
        for (List<Integer> suspect : alone) {
            if (!claim.suspect(suspect)) {
                return false;
            }
            if (!together.run(suspect)) {
                return true;
            }
        }
        for (List<Integer> group : inGroups(items.open())) {
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
