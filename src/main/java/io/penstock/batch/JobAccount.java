package io.penstock.batch;

import io.penstock.access.KeyAccount;
import io.penstock.store.Chunk;
import io.penstock.store.Job;
import io.penstock.store.Spent;
import io.penstock.store.UsageSheets;
import java.util.function.Consumer;

/// The key that a job was made with, as far as one chunk's run goes: its items' calls are on its
/// account, and what the chunk has come to is noted after each write of results, of which it is a
/// part. What counts is what is recorded in the chunk, so that nothing is lost when a worker dies,
/// and nothing counted twice.
///
/// @param model to which is put down what nobody says the model of
record JobAccount(KeyAccount account, Job job, Feed.Calls calls, String model)
        implements Feed.Calls {

    @Override
    public Feed.Begun begin(int place, Item item, Feed.Before before, Consumer<Happened> sent) {
        Feed.Begun begun = calls.begin(place, item, before, sent);
        return new Feed.Begun(
                begun.running(), () -> KeyAccount.on(account, () -> begun.work().get()));
    }

    @Override
    public void end() {
        account.end();
    }

    /// Notes what the chunk has come to.
    void note(Chunk chunk) {
        account.recorded(
                UsageSheets.day(job.createdAt()),
                UsageSheets.Source.chunk(job.area(), chunk.index()),
                new Spent(chunk.counts().ended(), chunk.tokens().counted(), 0),
                model);
    }
}
