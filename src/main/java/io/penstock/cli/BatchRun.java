package io.penstock.cli;

import io.penstock.batch.Batches;
import io.penstock.batch.Progress;
import io.penstock.batch.Results;
import io.penstock.flow.Admission;
import io.penstock.store.Job;
import io.penstock.store.StoreException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// Sees a job through that runs in this process: writes its results as they are recorded, shows how
/// it stands, and stops it when that is asked for. Used by one thread.
final class BatchRun {

    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    /// Of the time at most that goes into looking at the job: a large one has many chunks.
    private static final int SHARE = 20;

    private static final int PAGE = 10_000;

    private final String id;
    private final Batches batches;
    private final Admission admission;
    private final WaitReason standing;
    private final Display display;
    private final Signals signals;
    private final ResultsFile file;
    private final Path directory;
    private final Pulse pulse = new Pulse();
    private final ResultsTally tally = new ResultsTally();
    private final long startNanos = System.nanoTime();
    private final long before;
    private RunRecord record;
    private boolean isPausing;
    private int sample;
    private boolean isSampled;

    /// @param sample results after which to stop and ask; 0 for none
    BatchRun(
            Job job,
            Batches batches,
            Admission admission,
            WaitReason standing,
            Display display,
            Signals signals,
            ResultsFile file,
            RunRecord record,
            Path directory,
            int sample) {
        this.id = job.id();
        this.batches = batches;
        this.admission = admission;
        this.standing = standing;
        this.display = display;
        this.signals = signals;
        this.file = file;
        this.record = record;
        this.directory = directory;
        this.before = batches.progress(job).counts().ended();
        this.sample = before >= sample ? 0 : sample;
    }

    /// @return the exit code
    int run() throws IOException {
        tally.addAll(file.goOnAt(record.written()));
        while (true) {
            long begun = System.nanoTime();
            Job job = batches.find(id).orElseThrow(this::gone);
            boolean isHeld = job.paused() != null && batches.isHeld(job);
            try {
                write(batches.results(job));
            } catch (IOException full) {
                return unwritable(job, full);
            }
            if (job.status().isTerminal()) {
                return ended(job);
            } else if (job.paused() != null && !isHeld) {
                if (!isSampled || isPausing || !isToGoOn(job)) {
                    return paused(job);
                }
                isSampled = false;
                batches.resume(id, null);
            }
            Snapshot now = snapshot(job);
            if (signals.isAskedToStop() && !isPausing) {
                isPausing = true;
                batches.pause(id);
            } else if (sample > 0 && now.done() >= sample) {
                sample = 0;
                isSampled = true;
                batches.pause(id);
            }
            display.show(now);
            pause(Math.max(TICK_NANOS, (System.nanoTime() - begun) * SHARE));
        }
    }

    /// Everything that is there.
    private void write(Results results) throws IOException {
        Results.Page page;
        do {
            page = results.page(record.order().ofResults(), record.cursor(), PAGE);
            if (page.lines().length > 0) {
                file.append(page.lines());
                tally.add(page.lines());
                record = record.upTo(record.written() + page.lines().length, page.cursor());
                record.keep(directory);
            }
        } while (!page.isLast());
    }

    private Snapshot snapshot(Job job) {
        Progress progress = batches.progress(job);
        double seconds = (System.nanoTime() - startNanos) / 1e9;
        return new Snapshot(
                job.input().itemCount(),
                progress.counts(),
                progress.tokens(),
                admission.inFlight(),
                pulse.at(seconds, progress.counts().ended()),
                Duration.ofNanos(System.nanoTime() - startNanos),
                standing.sentence(job, isPausing),
                tally);
    }

    /// After a sample: says what the rest will take, and asks where somebody can answer.
    private boolean isToGoOn(Job job) throws IOException {
        Snapshot some = whole(job);
        long rest = some.total() - some.done();
        double share = (double) rest / Math.max(1, some.done());
        StringBuilder text = new StringBuilder("A sample of ");
        text.append(Display.count(some.done())).append(" is done. The other ");
        text.append(Display.count(rest)).append(" will take about ");
        text.append(Display.count(Math.round(some.tokens().prompt() * share)));
        text.append(" tokens in and ");
        text.append(Display.count(Math.round(some.tokens().completion() * share)));
        text.append(" out");
        if (some.cost() != null && some.costExpected() != null) {
            text.append(", and cost about ");
            text.append(some.costExpected().subtract(some.cost()).toPlainString());
        }
        display.end(some, text.append('.').toString());
        if (!Terminal.here().isAttended()) {
            return false;
        }
        System.err.print("Go on? [y/N] ");
        System.err.flush();
        int answer = System.in.read();
        return answer == 'y' || answer == 'Y';
    }

    private int ended(Job job) {
        Snapshot all = whole(job);
        String where = where();
        if (job.status() != Job.Status.COMPLETED) {
            display.end(all, "It has ended as " + job.status().wireName() + "." + where);
            return ExitCode.SOME_FAILED;
        }
        display.end(all, where.strip());
        return all.failed() == 0 ? ExitCode.ALL : ExitCode.SOME_FAILED;
    }

    private int paused(Job job) {
        Snapshot all = whole(job);
        String done = Display.count(all.done()) + " of " + Display.count(all.total()) + " are done";
        if (isPausing) {
            display.end(all, "Stopped: " + done + ", nothing is lost. The same command goes on.");
            return signals.exitCode();
        }
        if (isSampled) {
            System.err.println("The same command goes on, without --sample to its end.");
            return ExitCode.PAUSED;
        }
        display.end(all, "Paused: " + done + ".");
        System.err.println("penstock: " + job.reason() + " The same command goes on then.");
        return ExitCode.PAUSED;
    }

    private int unwritable(Job job, IOException full) {
        try {
            batches.pause(id);
        } catch (StoreException alsoFull) {
            // Whatever is not recorded is run again.
        }
        display.end(whole(job), "Paused: the results cannot be written.");
        System.err.println(
                "penstock: "
                        + (record.output() == null ? "Standard output" : record.output())
                        + " cannot be written ("
                        + full.getMessage()
                        + "). Nothing is lost: make room, and the same command goes on.");
        return ExitCode.PAUSED;
    }

    private String where() {
        return record.output() == null
                ? ""
                : " "
                        + record.output()
                        + " has "
                        + Display.count(tally.lines())
                        + " lines"
                        + (record.order() == RunRecord.Order.INPUT ? " in input order." : ".");
    }

    /// With the rate of the whole time that this process was at it.
    private Snapshot whole(Job job) {
        Snapshot last = snapshot(job);
        double seconds = last.elapsed().toMillis() / 1000.0;
        return new Snapshot(
                last.total(),
                last.counts(),
                last.tokens(),
                last.inFlight(),
                seconds > 0 ? (last.done() - before) / seconds : 0,
                last.elapsed(),
                last.sentence(),
                tally);
    }

    private CannotBegin gone() {
        return new CannotBegin(
                "The state of this run is gone from " + directory + "; say --new to begin anew.");
    }

    private void pause(long nanos) {
        try {
            signals.await(nanos);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CannotBegin("Interrupted.");
        }
    }
}
