package io.penstock.batch;

import io.penstock.store.JobStore;
import io.penstock.store.Merge;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/// One worker's hold on the end of a job: what it notes counts until another has claimed it. Not
/// thread-safe.
final class MergeClaim {

    private final JobStore jobs;
    private final Duration lease;
    private final MillisClock clock;
    private Merge merge;

    private MergeClaim(JobStore jobs, Duration lease, MillisClock clock, Merge merge) {
        this.jobs = jobs;
        this.lease = lease;
        this.clock = clock;
        this.merge = merge;
    }

    /// Another worker has it.
    static final class Lost extends Exception {

        private static final long serialVersionUID = 1L;

        Lost() {
            super("Another worker has it", null, false, false);
        }
    }

    /// @return empty when another holds it
    static Optional<MergeClaim> of(String area, JobStore jobs, Duration lease, MillisClock clock) {
        Merge stored = jobs.merge(area);
        Instant now = clock.now();
        if (stored.isLeased(now)) {
            return Optional.empty();
        }
        Merge claimed = stored.leasedUntil(now.plus(lease));
        return jobs.replace(claimed)
                ? Optional.of(new MergeClaim(jobs, lease, clock, claimed))
                : Optional.empty();
    }

    /// The merge as it was stored last.
    Merge merge() {
        return merge;
    }

    /// Renews a lease of which a quarter is gone.
    void keep() throws Lost {
        Instant until = merge.leaseUntil();
        if (until != null
                && Duration.between(clock.now(), until)
                                .compareTo(lease.multipliedBy(3).dividedBy(4))
                        < 0) {
            store(merge.leasedUntil(end()));
        }
    }

    /// Renews the lease in any case, which shows that no other worker has the merge.
    void renew() throws Lost {
        store(merge.leasedUntil(end()));
    }

    /// Notes how far it is.
    void at(int chunk, Map<String, String> files) throws Lost {
        store(merge.at(chunk, files, end()));
    }

    /// Ends the hold, for another to go on from what was noted last.
    void release() throws Lost {
        store(merge.leasedUntil(null));
    }

    /// Ends the hold, with nothing left to go on from.
    void done() throws Lost {
        store(merge.anew());
    }

    private Instant end() {
        return clock.now().plus(lease);
    }

    private void store(Merge next) throws Lost {
        if (!jobs.replace(next)) {
            throw new Lost();
        }
        merge = next;
    }
}
