package io.penstock.store.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import org.jspecify.annotations.Nullable;

/// The time of the embedded store. It never goes back: otherwise stored leases, messages and
/// budgets would be valid for too long. When the machine's clock is set back, also between two
/// starts, it goes on a tenth slower until the machine's has caught up. Thread-safe.
///
/// A time that is more than a day ahead of the machine's was wrong, and is given up.
final class LocalClock extends Clock {

    private static final Duration AHEAD_MAX = Duration.ofDays(1);

    /// How often the time is kept for the next start.
    private static final long KEEP_MILLIS = 1_000;

    /// Digits of a time until the year 2286, and a few more.
    private static final int TEXT_MAX = 20;

    private final Clock machine;

    /// The last time at which the machine's clock was ahead of all that was seen before.
    private Instant anchor = Instant.MIN;

    private long anchorNanos;
    private Instant last = Instant.MIN;
    private @Nullable FileChannel file;
    private long keptMillis;

    LocalClock(Clock machine) {
        this.machine = machine;
    }

    /// Goes on from the time that is kept in a file, and keeps it there.
    synchronized void keepIn(FileChannel opened) throws IOException {
        ByteBuffer text = ByteBuffer.allocate(TEXT_MAX);
        opened.read(text, 0);
        try {
            String kept = new String(text.array(), 0, text.position(), StandardCharsets.US_ASCII);
            Instant before = Instant.ofEpochMilli(Long.parseLong(kept.strip()));
            if (before.isAfter(last)) {
                anchor = before;
                anchorNanos = System.nanoTime();
                last = before;
            }
        } catch (NumberFormatException notKeptYet) {
            // The next look at the clock keeps the time.
        }
        file = opened;
        keptMillis = 0;
    }

    @Override
    public synchronized Instant instant() {
        Instant here = machine.instant();
        long nanos = System.nanoTime();
        if (here.isBefore(last) && here.plus(AHEAD_MAX).isAfter(last)) {
            Instant slow = anchor.plusNanos((nanos - anchorNanos) / 10 * 9);
            last = here.isAfter(slow) ? here : slow;
        } else {
            anchor = here;
            anchorNanos = nanos;
            last = here;
        }
        keep();
        return last;
    }

    private void keep() {
        long millis = last.toEpochMilli();
        if (file == null || Math.abs(millis - keptMillis) < KEEP_MILLIS) {
            return;
        }
        keptMillis = millis;
        try {
            byte[] text = Long.toString(millis).getBytes(StandardCharsets.US_ASCII);
            file.write(ByteBuffer.wrap(text), 0);
        } catch (IOException notKept) {
            // The kept time is of use only when the clock was set back while Penstock did not run.
        }
    }

    @Override
    public ZoneId getZone() {
        return machine.getZone();
    }

    @Override
    public Clock withZone(ZoneId zone) {
        return this;
    }
}
