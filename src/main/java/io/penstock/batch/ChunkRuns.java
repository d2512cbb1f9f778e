package io.penstock.batch;

import io.penstock.access.KeyAccount;
import io.penstock.access.KeyAccounts;
import io.penstock.flow.Admission;
import io.penstock.llm.Call;
import io.penstock.llm.Llm;
import io.penstock.llm.Prices;
import io.penstock.pipeline.Pipelines;
import io.penstock.store.Chunk;
import io.penstock.store.Job;
import io.penstock.store.JobStore;
import io.penstock.store.Owner;
import io.penstock.store.Payloads;
import io.penstock.store.StoreException;
import io.penstock.store.StoreLog;
import io.penstock.tasks.Tasks;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Puts the runs of claimed chunks together. Thread-safe.
@ApplicationScoped
class ChunkRuns {

    /// Messages that may wait for a run's owner: more than come while it writes to a store of the
    /// usual pace.
    private static final int INBOX = 256;

    private final CallsOf calls;
    private final JobStore jobs;
    private final Payloads payloads;
    private final ItemReader reader;
    private final BatchConfig config;
    private final StoreLog storeLog;
    private final JobSums sums;
    private final BiConsumer<String, Duration> heard;
    private final Quarantine quarantine;
    private final AccountOf accounts;
    private final MillisClock clock;

    /// Makes the calls of a chunk's items.
    @FunctionalInterface
    interface CallsOf {

        Feed.Calls of(Job job, JobOptions options, Chunk chunk);
    }

    /// Finds the account of the key that a job was made with; null where callers need none.
    @FunctionalInterface
    interface AccountOf {

        @Nullable KeyAccount of(@Nullable Owner owner);
    }

    @Inject
    ChunkRuns(
            Llm llm,
            Pipelines pipelines,
            Tasks tasks,
            Prices prices,
            JobStore jobs,
            Payloads payloads,
            ItemReader reader,
            BatchConfig config,
            StoreLog storeLog,
            JobSums sums,
            Admission admission,
            Quarantine quarantine,
            KeyAccounts accounts,
            MillisClock clock) {
        this(
                (job, options, chunk) ->
                        new ModelCalls(
                                llm,
                                pipelines,
                                prices,
                                new Call.JobTerms(job.id(), options.weight(), config.maxWait()),
                                pipelines.of(options.pipeline()),
                                tasks,
                                options.task(),
                                config.itemDeadline(),
                                chunk.firstItem()),
                jobs,
                payloads,
                reader,
                config,
                storeLog,
                sums,
                admission::answeredElsewhere,
                quarantine,
                accounts::of,
                clock);
    }

    /// @param heard takes, for each model, how long ago the latest call began that was answered in
    ///   another process
    ChunkRuns(
            CallsOf calls,
            JobStore jobs,
            Payloads payloads,
            ItemReader reader,
            BatchConfig config,
            StoreLog storeLog,
            JobSums sums,
            BiConsumer<String, Duration> heard,
            Quarantine quarantine,
            AccountOf accounts,
            MillisClock clock) {
        this.accounts = accounts;
        this.calls = calls;
        this.jobs = jobs;
        this.payloads = payloads;
        this.reader = reader;
        this.config = config;
        this.storeLog = storeLog;
        this.sums = sums;
        this.heard = heard;
        this.quarantine = quarantine;
        this.clock = clock;
    }

    private JobOptions options(Job job, Claim claim) {
        try {
            return JobOptions.of(job, payloads);
        } catch (StoreException failed) {
            claim.giveBack();
            throw failed;
        }
    }

    /// @param chunk as it was claimed for this run
    /// @param jobRun what it shares with the job's other chunks in this process
    /// @param shift for how long items are started and run; it may become shorter
    ChunkRun of(Job job, Chunk chunk, JobRun jobRun, Supplier<Shift> shift) {
        Claim claim = new Claim(jobs, payloads, config, clock, storeLog, chunk);
        claim.within(shift);
        JobOptions options = options(job, claim);
        Inbox<Happened> inbox = new Inbox<>(INBOX);
        Supplier<Progress> progress = () -> sums.of(job);
        Quarantine.Member alone = quarantine.member();
        Elsewhere elsewhere = new Elsewhere(progress, jobRun.answers, clock, heard);
        if (chunk.inVain() > 0) {
            elsewhere.look();
        }
        Feed.Calls itsCalls = calls.of(job, options, chunk);
        KeyAccount account = accounts.of(job.owner());
        if (account != null) {
            String model = options.json().path("model").asText("");
            JobAccount billed = new JobAccount(account.apart(), job, itsCalls, model);
            claim.tells(billed::note);
            itsCalls = billed;
        }
        return new ChunkRun(
                new JobWatch(
                        job, jobs, jobRun, new Spending(options.maxCost(), progress), progress),
                clock,
                config.maxWait(),
                claim,
                new ChunkItems(payloads, reader, options.json(), job, claim),
                shift,
                new Outage(chunk.inVain(), jobRun.answers),
                elsewhere,
                inbox,
                new Feed(
                        reader,
                        options.json(),
                        itsCalls,
                        CarefulRun.isNeeded(chunk) ? CarefulRun.places() : jobRun.places,
                        alone,
                        inbox),
                alone);
    }
}
