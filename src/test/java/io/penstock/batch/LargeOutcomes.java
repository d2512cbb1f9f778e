package io.penstock.batch;

import io.penstock.llm.Completion;
import io.penstock.store.Counts;
import io.penstock.store.Job;
import io.penstock.store.Tokens;
import java.nio.file.Path;
import java.util.Objects;

/// Runs, takes up after a crash, compacts, ends and reads a job of one chunk whose outcomes are
/// large, in a process of its own with little memory. Prints the bytes of its results.
final class LargeOutcomes {

    private static final int LENGTH = 2 << 20;

    private LargeOutcomes() {}

    public static void main(String[] arguments) throws Exception {
        int items = Integer.parseInt(arguments[1]);
        try (Embedded store = new Embedded(Path.of(arguments[0]))) {
            Job job = store.job(items);
            Claim claim = store.claim(job, 0);
            for (int place = items - 1; place >= 0; place--) {
                String text = Character.toString('a' + place % 26).repeat(LENGTH);
                claim.add(
                        ResultLine.completed(
                                place,
                                "id-" + place,
                                new Completion(text, "c", "m", "stop", null, null, null),
                                1),
                        new Counts(1, 0, 0, 0),
                        Tokens.NONE);
                claim.flush(true);
            }
            // Another takes it up and finds all of it recorded.
            Claim next = store.claim(job, 0);
            new ChunkItems(
                            store.payloads,
                            store.reader,
                            JobOptions.of(job, store.payloads).json(),
                            job,
                            next)
                    .readOn();
            next.release();
            store.finisher().finish(job.id(), Shift::endless);
            Job ended = store.stored(job);
            Results results =
                    new Results(store.payloads, ended, () -> store.jobs.chunks(ended.area()));
            results.page(Results.Order.FINISHED, null, 10_000);
            results.page(Results.Order.INPUT, "i" + items / 2, 10_000);
            System.out.println(Objects.requireNonNull(ended.totals()).outputBytes());
        }
    }
}
