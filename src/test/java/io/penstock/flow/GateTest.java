package io.penstock.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.Settings;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GateTest {

    private static final long MARK = 5_000_000;

    private final Gate gate =
            new Gate(
                    "model",
                    Settings.of(FlowConfig.class, Map.of("penstock.flow.start-concurrency", "2")),
                    null);

    /// What comes after a mark is tried with one call.
    @Test
    void afterAMarkOneStartsAndTheOthersWhenItIsTaken() {
        gate.mark(MARK, 0);
        Waiter first = waiting();
        Waiter second = waiting();
        assertThat(gate.readyAt(first, MARK - 1)).isEqualTo(MARK);

        assertThat(gate.readyAt(first, MARK)).isEqualTo(MARK);
        gate.start(first, MARK);
        assertThat(gate.readyAt(second, MARK)).isEqualTo(MARK + 30_000);

        assertThat(gate.readyAt(second, MARK + 30_000)).isEqualTo(MARK + 30_000);
    }

    private Waiter waiting() {
        Waiter waiter = new Waiter(Want.of("model", Duration.ofDays(1)), Gate.LATER);
        gate.add(waiter);
        return waiter;
    }
}
