package io.penstock.batch;

import io.penstock.store.Heard;
import io.penstock.store.StoreException;
import java.time.Duration;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/// What other workers of a job are answered, in other processes: to a chunk whose calls all fail it
/// tells whether that comes of its prompts or of the provider. Not thread-safe.
final class Elsewhere {

    private static final Logger LOG = Logger.getLogger(Elsewhere.class);

    /// How often the job is asked.
    private static final Duration EVERY = Duration.ofSeconds(1);

    /// How long nothing is answered here before others are asked.
    private static final Duration ALONE = Duration.ofSeconds(1);

    /// How far apart the clocks may be of the one who tells and the one who is told.
    private static final Duration APART = Duration.ofSeconds(1);

    private final Supplier<Progress> progress;
    private final Answers answers;
    private final MillisClock clock;
    private final BiConsumer<String, Duration> told;
    private long nextNanos = System.nanoTime();
    private long answeredNanos = System.nanoTime();

    /// @param progress of the whole job
    /// @param answers of the job in this process, to which those are added
    /// @param told takes for each model how long ago the latest call had begun that was answered
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

    /// Takes note of an answer here: while there are any, nobody else need be asked.
    void answeredHere() {
        answeredNanos = System.nanoTime();
    }

    /// Asks where nothing is answered here, and that was not done just now.
    ///
    /// @return whether it has asked
    boolean listen() {
        long now = System.nanoTime();
        if (now - answeredNanos < ALONE.toNanos() || now - nextNanos < 0) {
            return false;
        }
        look();
        return true;
    }

    /// Asks.
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
