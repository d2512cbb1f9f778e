package io.penstock.batch;

import io.penstock.llm.Failure;
import io.penstock.llm.FailureKind;
import io.penstock.llm.Running;
import io.penstock.store.StoreException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Runs the items of one claimed chunk that have no outcome yet and records their results, until
/// all have one or something says stop.
///
/// One thread owns the run, the one that calls [#run]: it alone decides, records, watches the job
/// and keeps the lease. It calls nobody but the store. The items' threads, and the [Feed] that
/// starts them, only send it what [Happened].
final class ChunkRun {

    private static final Logger LOG = Logger.getLogger(ChunkRun.class);
    private static final Duration SOON = Duration.ofSeconds(1);

    /// How long a run that has come to its end waits to hear what the calls of other processes were
    /// answered.
    private static final Duration WORD = Duration.ofSeconds(4);

    private final JobWatch job;
    private final MillisClock clock;
    private final Duration maxWait;
    private final Claim claim;
    private final ChunkItems items;
    private final Outage outage;
    private final Elsewhere elsewhere;
    private final Supplier<Shift> shift;
    private final Inbox<Happened> inbox;
    private final Feed feed;
    private final Quarantine.Member quarantine;
    private final CallsInHand running = new CallsInHand();
    private boolean feeding;
    private @Nullable Stop stop;

    /// @param maxWait for the provider's `Retry-After` within a run
    /// @param shift for how long items are started and run; it may become shorter
    /// @param outage as the chunk's claims before have left it
    /// @param inbox to which `feed` sends
    /// @param quarantine that `feed` obeys
    ChunkRun(
            JobWatch job,
            MillisClock clock,
            Duration maxWait,
            Claim claim,
            ChunkItems items,
            Supplier<Shift> shift,
            Outage outage,
            Elsewhere elsewhere,
            Inbox<Happened> inbox,
            Feed feed,
            Quarantine.Member quarantine) {
        this.job = job;
        this.clock = clock;
        this.maxWait = maxWait;
        this.claim = claim;
        this.items = items;
        this.outage = outage;
        this.elsewhere = elsewhere;
        this.shift = shift;
        this.inbox = inbox;
        this.feed = feed;
        this.quarantine = quarantine;
    }

    /// @return why it stopped; null when every item has an outcome
    /// @throws StoreException when the store failed for too long; the chunk is given back then, or
    ///   its lease lapses
    @Nullable Stop run() throws InterruptedException {
        try {
            return runToItsStop();
        } catch (StoreException failed) {
            claim.giveBack();
            throw failed;
        } finally {
            feed.end();
            for (Happened unread : inbox.close()) {
                if (unread instanceof Happened.Started(_, Running call)) {
                    call.cancel();
                }
            }
            running.cancel();
            quarantine.leave();
        }
    }

    private @Nullable Stop runToItsStop() throws InterruptedException {
        readOn();
        if (stop instanceof Stop.Fenced) {
            return stop;
        }
        watch();
        if (CarefulRun.isNeeded(claim.chunk())) {
            runCarefully();
        } else {
            run(items.open());
        }
        settle();
        if (stop == null && !items.open().isEmpty()) {
            stop(new Stop.HandBack(outage.untilNextTry()));
        }
        if (stop instanceof Stop.Closing(String code, String message)) {
            items.close(code, message);
        }
        items.handOn(outage);
        flush(true);
        if (stop instanceof Stop.Fenced || !claim.release(outage.inVain())) {
            return new Stop.Fenced();
        }
        return claim.chunk().done() ? null : stop;
    }

    /// Records every item that has no outcome as failed, without running any.
    void fail(String code, String message) throws InterruptedException {
        readOn();
        if (stop instanceof Stop.Fenced) {
            return;
        }
        items.close(code, message);
        flush(true);
        claim.release();
    }

    /// Reads what there is of the chunk, which may be much and its store slow.
    private void readOn() throws InterruptedException {
        if (!claim.meanwhile(items::readOn)) {
            stop(new Stop.Fenced());
        }
    }

    private void runCarefully() throws InterruptedException {
        CarefulRun careful = new CarefulRun(claim, items, this::awaitAlone, this::runTogether);
        careful.recordCulprit(job.id());
        flush(true);
        if (stop == null && !careful.run()) {
            stop(new Stop.Fenced());
        }
    }

    private boolean runTogether(List<Integer> places) throws InterruptedException {
        run(places);
        flush(true);
        quarantine.leave();
        return stop == null;
    }

    private boolean awaitAlone() throws InterruptedException {
        while (stop == null && !quarantine.isAlone()) {
            idle();
        }
        return stop == null;
    }

    private void idle() throws InterruptedException {
        inbox.take(claim.nanosUntilFlush());
        flush(false);
        watch();
    }

    private void run(List<Integer> places) throws InterruptedException {
        // Before any of them is answered: each gets one outcome.
        places.forEach(outage::again);
        feeding = true;
        feed.start(items.waiting(Spread.of(places)));
        while (true) {
            List<Happened> messages = inbox.take(claim.nanosUntilFlush());
            claim.since(inbox.takenNanos());
            messages.forEach(this::happened);
            if ((!feeding && running.isEmpty()) || !shift.get().waits()) {
                return;
            }
            flush(false);
            watch();
        }
    }

    private void happened(Happened message) {
        switch (message) {
            case Happened.Started(int place, Running call) -> running.started(place, call, stop);
            case Happened.StageDone done -> {
                answered(done.asked(), done.begunNanos());
                items.stageDone(done);
            }
            case Happened.Unreadable(int place, var why) -> items.unreadable(place, why);
            case Happened.AllStarted() -> feeding = false;
            case Happened.Ended ended -> ended(ended, running.ended(ended.place()));
        }
    }

    private void answered(String model, long begunNanos) {
        elsewhere.answeredHere();
        quarantine.answered();
        claim.heard(model, begunNanos);
        outage.answered(model, begunNanos).forEach(items::failed);
    }

    /// @param its the item's call; null where the item was not started
    private void ended(Happened.Ended ended, @Nullable Running its) {
        long begunNanos = its == null ? 0 : its.begunNanos();
        String model = its == null ? "" : its.asked();
        switch (ended) {
            case Happened.Answered answered -> {
                if (answered.byModel()) {
                    answered(model, begunNanos);
                }
                items.answered(answered);
            }
            case Happened.Failed failed -> {
                items.tried(failed, its == null || failed.isOfLoad() ? 0 : its.failedMicros());
                boolean others = its != null && its.othersAnswered();
                int again = items.tried(failed.place()).again();
                failed(failed, new Outage.Sign(model, begunNanos, others, again));
            }
            case Happened.Gone _ -> {}
        }
    }

    private void failed(Happened.Failed failed, Outage.Sign sign) {
        FailureKind kind = failed.failure().kind();
        Duration wait = failed.failure().retryAfter();
        switch (kind) {
            case QUOTA_EXHAUSTED -> stop(Stop.Park.spent(failed.failure()));
            case CANCELLED -> {} // Without an outcome: the next claim runs it again.
            case REJECTED -> {
                // Out of time in the middle of a pipeline, it goes on there with the next claim.
                if (!Duration.ZERO.equals(wait)) {
                    stop(new Stop.HandBack(wait == null ? SOON : wait));
                }
            }
            default -> {
                if (!(failed.drained() && kind.retryable()) || outage.cutShort(failed, sign)) {
                    judge(failed, sign);
                }
            }
        }
    }

    private void judge(Happened.Failed failed, Outage.Sign sign) {
        Failure failure = failed.failure();
        switch (outage.judge(failed, sign)) {
            case ITS_OWN -> items.failed(failed);
            case AWAY -> stop(new Stop.HandBack(outage.untilNextTry(failure.retryAfter())));
            case REFUSED -> stop(Stop.Park.refused(failure));
            case OPEN -> {
                Duration wait = failure.retryAfter();
                if (!failure.kind().retryable() || wait == null || wait.compareTo(maxWait) <= 0) {
                    return;
                }
                if (failure.kind() != FailureKind.RATE_LIMITED) {
                    outage.giveUp();
                    wait = outage.untilNextTry(wait);
                }
                stop(new Stop.HandBack(wait));
            }
        }
    }

    /// Other chunks may have had answers since the last of this one.
    private void settle() throws InterruptedException {
        awaitWord();
        outage.settled().forEach(items::failed);
        if (stop instanceof Stop.HandBack(Duration delay) && outage.isAway()) {
            stop = new Stop.HandBack(outage.untilNextTry(delay));
        }
        if (stop != null) {
            return;
        }
        List<Happened.Failed> refused = outage.refused();
        boolean others = outage.isInDoubt() && (outage.hasAnswered() || job.hasAnswers());
        if (others) {
            outage.ownFailures().forEach(items::failed);
            outage.ownRefusals().forEach(items::failed);
        }
        if (!refused.isEmpty()) {
            switch (outage.end(others)) {
                case PARK -> stop(Stop.Park.refused(refused.getLast().failure()));
                case HAND_BACK -> stop(new Stop.HandBack(outage.untilNextTry()));
                case NOTHING -> {}
            }
        }
        if (outage.isAway()) {
            stop(new Stop.HandBack(outage.untilNextTry()));
        }
    }

    /// Waits a little: what other processes are answered at this moment is heard later.
    private void awaitWord() throws InterruptedException {
        flush(stop == null && outage.awaitsWord());
        long end = System.nanoTime() + WORD.toNanos();
        while (stop == null
                && outage.awaitsWord()
                && job.hasMoreThan(items.open().size())
                && System.nanoTime() - end < 0) {
            idle();
        }
    }

    /// Writes the pending results when their time has come.
    private void flush(boolean now) throws InterruptedException {
        if (!(stop instanceof Stop.Fenced) && !claim.flush(now)) {
            stop(new Stop.Fenced());
        }
    }

    /// Looks at how the job stands, and keeps the lease.
    private void watch() throws InterruptedException {
        Instant now = clock.now();
        Shift time = shift.get();
        if (!time.startsMore()) {
            stop(new Stop.HandBack(Duration.ZERO));
        }
        if (!time.letsRun()) {
            running.cut();
        }
        try {
            Stop why = job.look(now);
            if (why != null) {
                stop(why);
            }
        } catch (StoreException unreachable) {
            LOG.debugf("Job %s cannot be watched now: %s", job.id(), unreachable.getMessage());
        }
        if ((outage.isInDoubt() || running.isAnyTriedAgain()) && elsewhere.listen()) {
            outage.settled().forEach(items::failed);
        }
        if (!(stop instanceof Stop.Fenced) && !claim.keepLease()) {
            stop(new Stop.Fenced());
        }
    }

    /// The first reason to stop counts, unless a later one is that the chunk is lost: after that
    /// nothing may be recorded.
    private void stop(Stop why) {
        if (stop == null || why instanceof Stop.Fenced) {
            stop = why;
            feed.stop();
            running.stop(why);
        }
    }
}
