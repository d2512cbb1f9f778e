package io.penstock.cli;

import java.time.Duration;
import java.util.Optional;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jboss.logmanager.ExtLogRecord;
import org.jspecify.annotations.Nullable;

/// What Penstock has warned of last, for a terminal at which no log is seen. Thread-safe.
final class LastWarning extends Handler {

    private volatile @Nullable Said said;

    private record Said(String text, long nanos) {}

    private LastWarning() {
        setLevel(Level.WARNING);
    }

    static LastWarning listen() {
        LastWarning last = new LastWarning();
        Logger.getLogger("io.penstock").addHandler(last);
        return last;
    }

    /// The last one, if it is no older than that.
    Optional<String> within(Duration time) {
        Said last = said;
        return last == null || System.nanoTime() - last.nanos > time.toNanos()
                ? Optional.empty()
                : Optional.of(last.text);
    }

    @Override
    public void publish(LogRecord record) {
        if (isLoggable(record)) {
            String text =
                    record instanceof ExtLogRecord its
                            ? its.getFormattedMessage()
                            : String.valueOf(record.getMessage());
            said = new Said(text, System.nanoTime());
        }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
}
