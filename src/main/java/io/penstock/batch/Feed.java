package io.penstock.batch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.InvalidRequest;
import io.penstock.llm.Running;
import io.penstock.pipeline.StageOutcome.Finished;
import io.penstock.store.Tokens;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Starts items as long as their job has a place for another, each in a virtual thread of its own,
/// and tells the run's owner what happens to them. The owner alone calls its methods.
final class Feed {

    private final ItemReader reader;
    private final ObjectNode options;
    private final Calls calls;
    private final Semaphore places;
    private final Quarantine.Member quarantine;
    private final Inbox<Happened> inbox;

    private @Nullable Thread feeder;
    private volatile boolean stopped;

    /// Makes the call of an item, or its run through a pipeline.
    @FunctionalInterface
    interface Calls {

        /// @param sent takes the messages that come before the item's end
        Begun begin(int place, Item item, Before before, Consumer<Happened> sent);

        /// The run has ended: of what comes now nothing is recorded.
        default void end() {}
    }

    /// What earlier claims have done for an item.
    ///
    /// @param stages that are finished
    /// @param attempts requests that were made besides those for these stages
    /// @param spent on answers that came to nothing, besides these stages
    /// @param failedMicros when an attempt began that has failed, of the call that is made next
    record Before(List<Finished> stages, int attempts, Tokens spent, long failedMicros) {}

    /// An item's call before it is made.
    ///
    /// @param running ends the call from outside
    /// @param work makes the call, and returns how it ended
    record Begun(Running running, Supplier<Happened.Ended> work) {}

    /// An item that is to be started.
    record Waiting(int place, byte[] line, Before before) {}

    /// @param options that hold for all items
    /// @param places of the job, one for each item that runs or waits for its turn
    Feed(
            ItemReader reader,
            ObjectNode options,
            Calls calls,
            Semaphore places,
            Quarantine.Member quarantine,
            Inbox<Happened> inbox) {
        this.reader = reader;
        this.options = options;
        this.calls = calls;
        this.places = places;
        this.quarantine = quarantine;
        this.inbox = inbox;
    }

    /// Begins to start these items, in a thread of its own; its last message is
    /// [Happened.AllStarted].
    void start(List<Waiting> items) {
        feeder = Thread.ofVirtual().name("feeder").start(() -> feed(items));
    }

    /// Starts no more.
    void stop() {
        stopped = true;
        if (feeder != null) {
            feeder.interrupt();
        }
    }

    /// Ends with its run.
    void end() {
        stop();
        calls.end();
    }

    private void feed(List<Waiting> items) {
        try {
            for (Waiting item : items) {
                if (stopped) {
                    return;
                }
                acquire();
                start(item);
            }
        } catch (InterruptedException stopping) {
            // The owner has seen a reason to stop.
        } finally {
            inbox.send(new Happened.AllStarted());
        }
    }

    private void acquire() throws InterruptedException {
        places.acquire();
        boolean begun = false;
        try {
            quarantine.begin();
            begun = true;
        } finally {
            if (!begun) {
                places.release();
            }
        }
    }

    private void release() {
        quarantine.end();
        places.release();
    }

    private void start(Waiting waiting) {
        int place = waiting.place();
        boolean started = false;
        try {
            Item item = reader.read(waiting.line(), options);
            Begun call = calls.begin(place, item, waiting.before(), inbox::send);
            inbox.send(new Happened.Started(place, call.running()));
            Thread.ofVirtual().name("item").start(() -> run(place, call));
            started = true;
        } catch (InvalidRequest changed) {
            inbox.send(new Happened.Unreadable(place, changed));
        } finally {
            if (!started) {
                inbox.send(new Happened.Gone(place));
                release();
            }
        }
    }

    private void run(int place, Begun call) {
        Happened.Ended ended = new Happened.Gone(place);
        try {
            // The owner may have stopped before it knew of this one.
            if (!stopped) {
                ended = call.work().get();
            }
        } finally {
            inbox.send(ended);
            release();
        }
    }
}
