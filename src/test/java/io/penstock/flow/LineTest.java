package io.penstock.flow;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LineTest {

    /// One unit each 10 ms, and one each second.
    private final Line line = new Line(6_000);

    private final Line slow = new Line(60);

    @Test
    void eachUnitHasItsMoment() {
        line.lease(1_000_000, 1_030_000);

        assertThat(line.readyAt(1, 0)).isEqualTo(1_000_000);
        line.take(1);
        assertThat(line.readyAt(1, 0)).isEqualTo(1_010_000);
        line.take(2);
        assertThat(line.readyAt(1, 0)).isEqualTo(Line.LEASE);
    }

    @Test
    void whatIsTooLargeForOneLeaseIsTakenFromSeveral() {
        slow.lease(0, 200_000);
        assertThat(slow.readyAt(1, 0)).isEqualTo(Line.LEASE);
        slow.lease(300_000, 1_200_000);

        assertThat(slow.readyAt(1, 0)).isZero();
        slow.take(1);

        assertThat(slow.readyAt(0.1, 0)).isEqualTo(1_100_000);
        assertThat(slow.left()).isEqualTo(0.1);
    }

    @Test
    void theEndOfALeaseIsKeptForTheNextCall() {
        line.lease(0, 25_000);
        line.take(2);

        assertThat(line.readyAt(1, 0)).isEqualTo(Line.LEASE);
        assertThat(line.readyAt(1, 900_000)).isEqualTo(Line.LEASE);
        assertThat(line.left()).isEqualTo(0.5);
        line.lease(1_000_000, 1_005_000);
        assertThat(line.readyAt(1, 900_000)).isEqualTo(1_000_000);
        line.take(1);
        assertThat(line.left()).isZero();
    }

    @Test
    void whatNobodyTakesInTimePassesBy() {
        line.lease(0, 2_000_000);

        // But for one.
        assertThat(line.readyAt(1, 1_500_000)).isEqualTo(1_500_000);
        assertThat(line.left()).isEqualTo(101);
        line.take(1);
        assertThat(line.readyAt(1, 1_500_000)).isEqualTo(1_000_000);
        assertThat(line.readyAt(2, 9_000_000)).isEqualTo(9_000_000);
        assertThat(line.left()).isEqualTo(2);
    }

    @Test
    void aRefundIsThereAtOnceAndADebtComesFirst() {
        line.correct(2);
        assertThat(line.readyAt(2, 5)).isEqualTo(5);
        line.take(2);

        slow.correct(-3);
        slow.lease(10, 3_000_010);
        assertThat(slow.readyAt(1, 5)).isEqualTo(Line.LEASE);
        slow.lease(3_000_010, 4_000_010);
        assertThat(slow.readyAt(1, 5)).isEqualTo(10);
        slow.take(1);
        assertThat(slow.left()).isZero();
    }

    @Test
    void refundsDoNotAddUpForEver() {
        line.correct(1_000_000);

        assertThat(line.left()).isEqualTo(100);
    }
}
