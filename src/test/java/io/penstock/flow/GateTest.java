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

    @Test
    void rightAfterAMarkNoMoreStartThanCouldBefore() {
        gate.mark(MARK);
        Waiter first = waiting();
        Waiter second = waiting();
        Waiter third = waiting();
        assertThat(gate.readyAt(first, MARK - 1)).isEqualTo(MARK);

        assertThat(gate.readyAt(first, MARK)).isEqualTo(MARK);
        gate.start(first, MARK);
        assertThat(gate.readyAt(second, MARK)).isEqualTo(MARK);
        gate.start(second, MARK);

        assertThat(gate.readyAt(third, MARK)).isEqualTo(MARK + 150_000);
        assertThat(gate.readyAt(third, MARK + 150_000)).isEqualTo(MARK + 150_000);
    }

    private Waiter waiting() {
        Waiter waiter = new Waiter(Want.of("model", Duration.ofDays(1)), Gate.LATER);
        gate.add(waiter);
        return waiter;
    }
}
