package io.penstock.batch;

import io.penstock.store.Heard;
import io.penstock.store.StoreException;
import java.time.Duration;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/// Hears what the items of a job are answered in other processes. A chunk whose calls all fail
/// learns from that whether its prompts or the provider are the reason. Not thread-safe.
final class Elsewhere {

    private static final Logger LOG = Logger.getLogger(Elsewhere.class);

    /// How often the job's stored progress is read.
    private static final Duration EVERY = Duration.ofSeconds(1);

    /// How long nothing is answered in this process before the stored progress is read.
    private static final Duration ALONE = Duration.ofSeconds(1);

    /// How far the clocks of two processes may be apart.
    private static final Duration APART = Duration.ofSeconds(1);

    private final Supplier<Progress> progress;
    private final Answers answers;
    private final MillisClock clock;
    private final BiConsumer<String, Duration> told;
    private long nextNanos = System.nanoTime();
    private long answeredNanos = System.nanoTime();

    /// @param progress of the whole job
    /// @param answers of the job in this process; those of other processes are added
    /// @param told takes, for each model, how long ago the latest answered call had begun
    Elsewhere(
            Supplier<Progress> progress,
            Answers answers,
            MillisClock clock,
            BiConsumer<String, Duration> told) {
        this.progress = progress;
        this.answers = answers;
        this.clock = clock;
        this.told = told;
    }

    /// Takes note of an answer in this process: while there are any, those of others are not
    /// needed.
    void answeredHere() {
        answeredNanos = System.nanoTime();
    }

    /// Reads the stored progress if nothing is answered in this process and it was not read just
    /// now.
    ///
    /// @return whether it was read
    boolean listen() {
        long now = System.nanoTime();
        if (now - answeredNanos < ALONE.toNanos() || now - nextNanos < 0) {
            return false;
        }
        look();
        return true;
    }

    /// Reads the stored progress.
    void look() {
        nextNanos = System.nanoTime() + EVERY.toNanos();
        try {
            hear(progress.get().heard());
        } catch (StoreException unreachable) {
            LOG.debugf("A job cannot be asked now: %s", unreachable.getMessage());
        }
    }

    private void hear(Heard heard) {
        heard.begun()
                .forEach((model, begun) -> {
                    Duration ago = Duration.between(begun, clock.now()).plus(APART);
                    answers.add(model, System.nanoTime() - ago.toNanos());
                    told.accept(model, ago);
                });
    }
}
