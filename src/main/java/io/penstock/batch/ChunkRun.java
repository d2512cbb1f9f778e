package io.penstock.batch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.InvalidRequest;
import io.penstock.llm.Call;
import io.penstock.llm.Completion;
import io.penstock.llm.Failure;
import io.penstock.llm.FailureKind;
import io.penstock.llm.Llm;
import io.penstock.llm.Outcome;
import io.penstock.llm.Prices;
import io.penstock.llm.Running;
import io.penstock.llm.Usage;
import io.penstock.pipeline.Pipeline;
import io.penstock.pipeline.Pipelines;
import io.penstock.pipeline.Run;
import io.penstock.pipeline.StageOutcome;
import io.penstock.pipeline.StageOutcome.Failed;
import io.penstock.pipeline.StageOutcome.Finished;
import io.penstock.store.Chunk;
import io.penstock.store.Counts;
import io.penstock.store.Job;
import io.penstock.store.JobStore;
import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import io.penstock.store.StoreLog;
import io.penstock.store.Tokens;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Runs the items of one claimed chunk that have no outcome yet and records their results through
/// the [Claim], until all have one or something says stop.
///
/// The thread that runs it starts nothing and calls nobody but the store: it records, watches the
/// job and keeps the lease. Each item has a virtual thread; one more feeds them.
final class ChunkRun {

    private static final Logger LOG = Logger.getLogger(ChunkRun.class);

    /// Claims that lapsed before the items are run in small groups to find the one that ends its
    /// worker.
    private static final int CRASHES_BEFORE_CARE = 2;

    private static final int CAREFUL_ITEMS = 8;

    /// Crashes in a row of claims that had started one suspect alone, before it is taken for the
    /// cause: a worker may also end for another reason, and whoever is blamed wrongly is lost.
    private static final int CRASHES_OF_A_SUSPECT = 10;

    /// Failures to reach the provider, with no answer between them, that mean that it is away.
    private static final int AWAY = 20;

    /// Claims of a chunk in vain before such failures count as the items' own: with the waits
    /// between them, an hour and a half.
    private static final int AWAY_CLAIMS_MAX = 60;

    private static final Duration AWAY_WAIT = Duration.ofSeconds(2);
    private static final Duration AWAY_WAIT_MAX = Duration.ofMinutes(2);

    /// How often the cost of the whole job is summed up.
    private static final Duration SUM = Duration.ofSeconds(1);

    /// Why no more items are started.
    sealed interface Stop {
        /// Another worker has the chunk.
        record Fenced() implements Stop {}

        /// The job is paused.
        record Paused() implements Stop {}

        /// What is left is recorded as cancelled or expired.
        record Closing(String code, String message) implements Stop {}

        /// The chunk goes back to the queue.
        record HandBack(Duration delay) implements Stop {}

        /// The job is to be paused.
        ///
        /// @param reason one word
        /// @param message one sentence that says what to do
        record Park(String reason, String message) implements Stop {}
    }

    /// What both the items and the run need to know.
    record Shared(
            Llm llm,
            Pipelines pipelines,
            JobStore jobs,
            Payloads payloads,
            BatchConfig config,
            ItemReader items,
            Prices prices,
            Batches batches,
            StoreLog storeLog) {}

    private final Shared shared;
    private final Supplier<Instant> softStop;
    private final ObjectNode options;
    private final BitSet recorded;
    private final @Nullable Pipeline pipeline;
    private final Call.Job asJob;
    private final JobRun jobRun;
    private final Claim claim;
    private final long firstItem;

    /// How often the chunk was claimed.
    private final int epoch;

    private final List<byte[]> lines = new ArrayList<>();
    private Job job;
    private Instant summedAt = Instant.EPOCH;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Set<Running> running = new HashSet<>();

    /// Stages of items without an outcome, by the item's place.
    private final Map<Integer, List<Finished>> finished = new HashMap<>();

    /// Failures that are the provider's or the items', as the next answer will tell.
    private final List<Runnable> doubtful = new ArrayList<>();

    private boolean answered;
    private @Nullable Thread feeder;
    private @Nullable Stop stop;

    /// @param chunk claimed for this run
    /// @param jobRun what it shares with the job's other chunks in this process
    /// @param softStop from when on no item is started
    ChunkRun(Shared shared, Job job, Chunk chunk, JobRun jobRun, Supplier<Instant> softStop) {
        this.jobRun = jobRun;
        this.shared = shared;
        this.job = job;
        this.claim = new Claim(shared, chunk);
        this.firstItem = chunk.firstItem();
        this.epoch = chunk.epoch();
        this.softStop = softStop;
        this.options = Batches.options(job);
        this.pipeline = shared.pipelines.of(options.get("pipeline"));
        this.recorded = new BitSet(chunk.itemCount());
        this.asJob =
                new Call.Job(job.id(), JobOptions.of(options).weight(), shared.config.maxWait());
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
        }
    }

    private @Nullable Stop runToItsStop() throws InterruptedException {
        readOn();
        watch();
        if (claim.chunk().crashes() > CRASHES_BEFORE_CARE) {
            runCarefully();
        } else {
            runAll();
        }
        settle();
        handBackTheRest();
        if (stopped() instanceof Stop.Closing(String code, String message)) {
            closeItems(code, message);
        }
        if (!(stopped() instanceof Stop.Fenced)) {
            flush(true);
            if (stopped() instanceof Stop.Fenced || !claim.release()) {
                return new Stop.Fenced();
            }
        }
        return claim.chunk().done() ? null : stopped();
    }

    /// Records every item that has no outcome as failed, without running any.
    void fail(String code, String message) throws InterruptedException {
        readOn();
        closeItems(code, message);
        claim.release();
    }

    /// Takes up where the chunk was left.
    private void readOn() {
        Chunk chunk = claim.chunk();
        List<byte[]> all = Segments.all(shared.payloads, chunk);
        byte[] @Nullable [] outcomes = Segments.byItem(all, chunk);
        for (int i = 0; i < outcomes.length; i++) {
            recorded.set(i, outcomes[i] != null);
        }
        if (pipeline != null) {
            finished.putAll(Segments.stages(all, chunk, outcomes));
        }
        Segments.split(Segments.input(shared.payloads, job, chunk), lines);
    }

    private void runAll() throws InterruptedException {
        Thread feeding = Thread.ofVirtual().name("feeder").unstarted(this::feed);
        lock.lock();
        try {
            feeder = feeding;
        } finally {
            lock.unlock();
        }
        feeding.start();
        try {
            tend(() -> feeder == null && running.isEmpty());
        } finally {
            feeding.interrupt();
            cancelRunning();
        }
    }

    private void feed() {
        try {
            for (int i = 0; i < lines.size() && stopped() == null; i++) {
                if (!recorded.get(i)) {
                    jobRun.places.acquire();
                    start(i);
                }
            }
        } catch (InterruptedException stopping) {
            // By the run, which has seen a reason to stop.
        } finally {
            lock.lock();
            try {
                feeder = null;
                changed.signal();
            } finally {
                lock.unlock();
            }
        }
    }

    /// Runs a few items at a time and notes them before, so that the next claim knows whom to
    /// suspect.
    private void runCarefully() throws InterruptedException {
        Chunk chunk = claim.chunk();
        List<Integer> suspects = chunk.suspects().stream().filter(i -> !recorded.get(i)).toList();
        if (suspects.size() == 1 && chunk.suspectCrashes() >= CRASHES_OF_A_SUSPECT) {
            int culprit = suspects.getFirst();
            LOG.errorf(
                    "Job %s: item %d has ended its worker %d times and is recorded as failed",
                    job.id(), firstItem + culprit, chunk.suspectCrashes());
            record(
                    culprit,
                    ResultLine.error(
                            firstItem + culprit,
                            customId(culprit),
                            "worker_crashed",
                            "server_error",
                            "Each worker that ran this item ended without an answer.",
                            0,
                            reached(culprit, null)),
                    new Counts(0, 1, 0, 0),
                    Tokens.NONE);
            flush(true);
            suspects = List.of();
        }
        for (int suspect : suspects) {
            runTogether(List.of(suspect));
        }
        List<Integer> group = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            if (!recorded.get(i)) {
                group.add(i);
            }
            if (group.size() == CAREFUL_ITEMS || i == lines.size() - 1) {
                runTogether(group);
                group = new ArrayList<>();
            }
        }
    }

    private void runTogether(List<Integer> group) throws InterruptedException {
        if (group.isEmpty() || stopped() != null) {
            return;
        }
        if (!claim.suspect(group)) {
            stop(new Stop.Fenced());
            return;
        }
        for (int i : group) {
            jobRun.places.acquire();
            start(i);
        }
        try {
            tend(running::isEmpty);
        } finally {
            cancelRunning();
        }
        flush(true);
    }

    /// Holds a place in the window, which the item's end gives back.
    private void start(int i) {
        Item item;
        try {
            item = shared.items.read(lines.get(i), options);
        } catch (InvalidRequest changed) {
            record(
                    i,
                    ResultLine.error(
                            firstItem + i,
                            null,
                            changed.code(),
                            "invalid_request_error",
                            changed.text(),
                            0,
                            reached(i, null)),
                    new Counts(0, 1, 0, 0),
                    Tokens.NONE);
            jobRun.places.release();
            return;
        }
        Duration limit = item.limit() != null ? item.limit() : shared.config.itemDeadline();
        if (pipeline == null) {
            Call call = Call.of(item.prompt(), limit, asJob);
            start(call, () -> take(i, item, call, shared.llm.complete(call)));
        } else {
            Run run = Run.of(pipeline, item.prompt().text(), finished(i), limit, asJob);
            start(
                    run,
                    () -> take(i, item, run, shared.pipelines.run(run, stage -> passed(i, stage))));
        }
    }

    private void start(Running item, Runnable work) {
        lock.lock();
        try {
            if (stop != null) {
                jobRun.places.release();
                return;
            }
            running.add(item);
        } finally {
            lock.unlock();
        }
        Thread.ofVirtual().name("item").start(() -> run(item, work));
    }

    private void run(Running item, Runnable work) {
        try {
            work.run();
        } finally {
            jobRun.places.release();
            lock.lock();
            try {
                running.remove(item);
                changed.signal();
            } finally {
                lock.unlock();
            }
        }
    }

    private void take(int i, Item item, Call call, Outcome outcome) {
        switch (outcome) {
            case Completion done -> {
                answered();
                record(
                        i,
                        ResultLine.completed(
                                firstItem + i, item.customId(), done, call.attemptCount()),
                        new Counts(1, 0, 0, 0),
                        tokens(done.model(), done.usage()));
            }
            case Failure failure -> failed(i, item, call, failure, null, Tokens.NONE);
        }
    }

    private void take(int i, Item item, Run run, StageOutcome last) {
        switch (last) {
            case Finished stage -> {
                answered();
                record(
                        i,
                        ResultLine.completed(
                                firstItem + i, item.customId(), run.finished(), run.attemptCount()),
                        new Counts(1, 0, 0, 0),
                        tokens(stage.model(), stage.usage()));
            }
            case Failed(String stage, Failure failure, _, Completion unusable) ->
                    failed(
                            i,
                            item,
                            run,
                            failure,
                            stage,
                            unusable == null
                                    ? Tokens.NONE
                                    : tokens(unusable.model(), unusable.usage()));
        }
    }

    /// Records a stage that is finished, so that it is never called again for this item.
    private void passed(int i, Finished stage) {
        answered();
        lock.lock();
        try {
            finished.computeIfAbsent(i, _ -> new ArrayList<>()).add(stage);
            claim.add(
                    ResultLine.stage(firstItem + i, stage),
                    Counts.NONE,
                    tokens(stage.model(), stage.usage()));
        } finally {
            lock.unlock();
        }
    }

    private List<Finished> finished(int i) {
        lock.lock();
        try {
            return List.copyOf(finished.getOrDefault(i, List.of()));
        } finally {
            lock.unlock();
        }
    }

    /// @return null where there is no pipeline
    private ResultLine.@Nullable Reached reached(int i, @Nullable String failed) {
        return pipeline == null ? null : new ResultLine.Reached(finished(i), failed);
    }

    private Tokens tokens(String model, @Nullable Usage usage) {
        return usage == null
                ? Tokens.NONE
                : new Tokens(
                        usage.promptTokens(),
                        usage.completionTokens(),
                        shared.prices.nanos(model, usage),
                        usage.cachedTokens(),
                        usage.reasoningTokens());
    }

    /// @param stage in which it failed, if it is one of a pipeline
    /// @param spent on an answer that cannot be used
    private void failed(
            int i, Item item, Running work, Failure failure, @Nullable String stage, Tokens spent) {
        switch (failure.kind()) {
            case QUOTA_EXHAUSTED, AUTHENTICATION ->
                    stop(new Stop.Park(failure.kind().code(), failure.message()));
            case CANCELLED -> {
                // Without an outcome: whoever runs the chunk next runs it again.
            }
            default -> {
                Duration wait = failure.retryAfter();
                if (failure.kind() == FailureKind.REJECTED
                        || (failure.kind().retryable()
                                && wait != null
                                && wait.compareTo(shared.config.maxWait()) > 0)) {
                    stop(new Stop.HandBack(wait == null ? Duration.ofSeconds(1) : wait));
                } else if (!(work.isDraining() && failure.kind().retryable())) {
                    failed(
                            failure.kind(),
                            () ->
                                    record(
                                            i,
                                            ResultLine.failed(
                                                    firstItem + i,
                                                    item.customId(),
                                                    failure,
                                                    work.attemptCount(),
                                                    reached(i, stage)),
                                            new Counts(0, 1, 0, 0),
                                            spent));
                }
            }
        }
    }

    /// Records a failure, unless it may be the provider that is away: an outage is no reason to
    /// fail a whole batch, item by item.
    private void failed(FailureKind kind, Runnable record) {
        if (kind == FailureKind.RATE_LIMITED && epoch <= AWAY_CLAIMS_MAX) {
            // Without an outcome: a limit that is reached says nothing of the item.
            return;
        }
        boolean away = kind == FailureKind.TRANSPORT || kind == FailureKind.OVERLOADED;
        lock.lock();
        try {
            if (!away || epoch > AWAY_CLAIMS_MAX) {
                record.run();
            } else if (stop == null) {
                doubtful.add(record);
                if (doubtful.size() >= AWAY) {
                    doubtful.clear();
                    stop(new Stop.HandBack(awayWait()));
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void answered() {
        lock.lock();
        try {
            answered = true;
            doubtful.forEach(Runnable::run);
            doubtful.clear();
        } finally {
            lock.unlock();
        }
    }

    /// What is still in doubt at the end is the items' own if anything was answered.
    private void settle() {
        lock.lock();
        try {
            if (answered) {
                answered();
            } else if (!doubtful.isEmpty()) {
                doubtful.clear();
                stop(new Stop.HandBack(awayWait()));
            }
        } finally {
            lock.unlock();
        }
    }

    /// What has no outcome at the end, though nothing said stop, is tried again soon.
    private void handBackTheRest() {
        if (stopped() == null && recordedCount() < lines.size()) {
            stop(new Stop.HandBack(awayWait()));
        }
    }

    private int recordedCount() {
        lock.lock();
        try {
            return recorded.cardinality();
        } finally {
            lock.unlock();
        }
    }

    private Duration awayWait() {
        Duration wait = AWAY_WAIT.multipliedBy(epoch);
        return wait.compareTo(AWAY_WAIT_MAX) > 0 ? AWAY_WAIT_MAX : wait;
    }

    /// Records, watches and keeps the lease until `finished`, which is asked under the lock.
    private void tend(BooleanSupplier finished) throws InterruptedException {
        while (true) {
            lock.lockInterruptibly();
            try {
                if (finished.getAsBoolean()) {
                    return;
                }
                changed.awaitNanos(claim.nanosUntilFlush());
                if (finished.getAsBoolean()) {
                    return;
                }
            } finally {
                lock.unlock();
            }
            flush(false);
            watch();
        }
    }

    /// Writes the pending results when their time has come.
    private void flush(boolean now) throws InterruptedException {
        if (!(stopped() instanceof Stop.Fenced) && !claim.flush(now)) {
            stop(new Stop.Fenced());
        }
    }

    /// Looks at how the job stands, and keeps the lease.
    private void watch() throws InterruptedException {
        Instant now = shared.batches.now();
        if (now.isAfter(softStop.get())) {
            stop(new Stop.HandBack(Duration.ZERO));
        }
        try {
            Optional<Job> present = jobRun.look(now, () -> shared.jobs.job(job.id()));
            if (present.isEmpty() || !present.get().area().equals(job.area())) {
                stop(new Stop.Fenced());
                return;
            }
            job = present.get();
        } catch (StoreException unreachable) {
            LOG.debugf("Job %s cannot be watched now: %s", job.id(), unreachable.getMessage());
            return;
        }
        if (job.status() == Job.Status.CANCELLING) {
            stop(new Stop.Closing("batch_cancelled", "The batch was cancelled."));
        } else if (!now.isBefore(job.expiresAt())) {
            stop(new Stop.Closing("batch_expired", "The batch expired before this item was done."));
        } else if (job.paused() != null) {
            stop(new Stop.Paused());
        }
        stopWhenSpent(now);
        if (!claim.keepLease()) {
            stop(new Stop.Fenced());
        }
    }

    /// Looks at what the whole job has cost, if that is bounded.
    private void stopWhenSpent(Instant now) {
        BigDecimal most = JobOptions.of(options).maxCost();
        if (most == null || Duration.between(summedAt, now).compareTo(SUM) < 0) {
            return;
        }
        summedAt = now;
        BigDecimal spent;
        try {
            spent = BigDecimal.valueOf(shared.batches.progress(job).tokens().costNanos(), 9);
        } catch (StoreException unreachable) {
            LOG.debugf("Job %s cannot be summed up now: %s", job.id(), unreachable.getMessage());
            return;
        }
        if (spent.compareTo(most) >= 0) {
            stop(
                    new Stop.Park(
                            "budget_spent",
                            "The job has cost "
                                    + spent.toPlainString()
                                    + " and may cost "
                                    + most.toPlainString()
                                    + " (max_cost): resume it with a higher max_cost, or cancel it."));
        }
    }

    private void record(int i, byte[] line, Counts counts, Tokens tokens) {
        lock.lock();
        try {
            recorded.set(i);
            finished.remove(i);
            claim.add(line, counts, tokens);
        } finally {
            lock.unlock();
        }
    }

    private void closeItems(String code, String message) throws InterruptedException {
        Counts one =
                switch (code) {
                    case "batch_expired" -> new Counts(0, 0, 1, 0);
                    case "batch_cancelled" -> new Counts(0, 0, 0, 1);
                    default -> new Counts(0, 1, 0, 0);
                };
        for (int i = 0; i < lines.size(); i++) {
            if (!recorded.get(i)) {
                record(
                        i,
                        ResultLine.error(
                                firstItem + i,
                                customId(i),
                                code,
                                "batch_error",
                                message,
                                0,
                                reached(i, null)),
                        one,
                        Tokens.NONE);
            }
        }
        flush(true);
    }

    private @Nullable String customId(int i) {
        try {
            return shared.items.read(lines.get(i), options).customId();
        } catch (InvalidRequest unreadable) {
            return null;
        }
    }

    /// The first reason counts, but for a fence, after which nothing may be recorded.
    private void stop(Stop why) {
        lock.lock();
        try {
            if (stop == null || why instanceof Stop.Fenced) {
                stop = why;
                if (feeder != null) {
                    feeder.interrupt();
                }
                for (Running item : running) {
                    if (why instanceof Stop.Fenced) {
                        item.cancel();
                    } else {
                        item.drain();
                    }
                }
            }
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    private void cancelRunning() {
        lock.lock();
        try {
            running.forEach(Running::cancel);
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Stop stopped() {
        lock.lock();
        try {
            return stop;
        } finally {
            lock.unlock();
        }
    }
}
