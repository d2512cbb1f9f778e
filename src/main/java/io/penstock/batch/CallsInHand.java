package io.penstock.batch;

import io.penstock.llm.Running;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The calls of a run's items that were started and have not ended, by the items' places. Not
/// thread-safe.
final class CallsInHand {

    private final Map<Integer, Running> calls = new HashMap<>();
    private boolean cut;

    boolean isEmpty() {
        return calls.isEmpty();
    }

    void started(int place, Running call, @Nullable Stop stop) {
        calls.put(place, call);
        if (stop != null) {
            end(call, stop);
        }
    }

    /// @return null where the item was not started
    @Nullable Running ended(int place) {
        return calls.remove(place);
    }

    /// Whether any of them is made again.
    boolean isAnyTriedAgain() {
        return calls.values().stream().anyMatch(call -> call.attemptCount() > 1);
    }

    /// Lets them come to the end of what they are at.
    void stop(Stop why) {
        calls.values().forEach(call -> end(call, why));
    }

    /// Cancels them, and from now on whatever is stopped.
    void cut() {
        if (!cut) {
            cut = true;
            cancel();
        }
    }

    void cancel() {
        calls.values().forEach(Running::cancel);
    }

    private void end(Running call, Stop why) {
        if (cut || why instanceof Stop.Fenced) {
            call.cancel();
        } else {
            call.drain();
        }
    }
}
