package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.store.Counts;
import io.penstock.store.Heard;
import io.penstock.store.StoreException;
import io.penstock.store.Tokens;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SpendingTest {

    private static final Instant NOW = Instant.parse("2026-11-26T12:00:00Z");

    private final AtomicInteger sums = new AtomicInteger();

    @Test
    void aJobThatHasCostWhatItMayIsParked() {
        Spending spending = new Spending(new BigDecimal("0.5"), () -> cost(500_000_000));

        assertThat(spending.look(NOW))
                .isInstanceOfSatisfying(
                        Stop.Park.class,
                        park -> {
                            assertThat(park.reason()).isEqualTo("budget_spent");
                            assertThat(park.message()).contains("0.500000000", "0.5 (max_cost)");
                        });
    }

    @Test
    void itIsSummedUpOnceASecond() {
        Spending spending = new Spending(BigDecimal.ONE, () -> cost(999_999_999));

        assertThat(spending.look(NOW)).isNull();
        spending.look(NOW.plusMillis(999));
        assertThat(sums).hasValue(1);
        spending.look(NOW.plusMillis(1000));
        assertThat(sums).hasValue(2);
    }

    @Test
    void nothingIsSummedUpWithoutABound() {
        assertThat(new Spending(null, () -> cost(1)).look(NOW)).isNull();
        assertThat(sums).hasValue(0);
    }

    @Test
    void aStoreThatIsAwayStopsNothing() {
        Spending spending =
                new Spending(
                        BigDecimal.ONE,
                        () -> {
                            throw new StoreException("away");
                        });

        assertThat(spending.look(NOW)).isNull();
    }

    private Progress cost(long nanos) {
        sums.incrementAndGet();
        return new Progress(Counts.NONE, new Tokens(1, 1, nanos), Heard.NOTHING);
    }
}
