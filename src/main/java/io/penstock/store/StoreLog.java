package io.penstock.store;

import jakarta.enterprise.context.ApplicationScoped;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/// Tells the operator that the store fails. Everything that runs meets the same outage at once, so
/// each consequence is logged every ten seconds at most, with the number of times since the last
/// line. Thread-safe.
@ApplicationScoped
public class StoreLog {

    private static final Logger LOG = Logger.getLogger("io.penstock.store");
    private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final ConcurrentHashMap<String, Recent> recent = new ConcurrentHashMap<>();

    /// @param consequence what is not done, a sentence without its end, always the same for one
    ///   place
    /// @param why names the object
    public void failed(String consequence, String why) {
        int times =
                recent.computeIfAbsent(consequence, _ -> new Recent())
                        .countIfDue(System.nanoTime());
        if (times == 1) {
            LOG.errorf("%s: %s", consequence, why);
        } else if (times > 1) {
            LOG.errorf("%s (%d times since the last line): %s", consequence, times, why);
        }
    }

    private static final class Recent {

        private long nextNanos = System.nanoTime();
        private int count;

        /// @return how often it has happened since the last line; 0 when no line is due
        synchronized int countIfDue(long now) {
            count++;
            if (now - nextNanos < 0) {
                return 0;
            }
            int times = count;
            count = 0;
            nextNanos = now + INTERVAL_NANOS;
            return times;
        }
    }
}
