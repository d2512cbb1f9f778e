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
    void aSmallPartOfALeaseIsNotWastedButPaidForByTheNext() {
        line.lease(0, 25_000);
        line.take(2);

        assertThat(line.readyAt(1, 0)).isEqualTo(20_000);
        line.take(1);

        assertThat(line.left()).isEqualTo(-0.5);
        assertThat(line.readyAt(1, 0)).isEqualTo(Line.LEASE);
        line.lease(100_000, 120_000);
        assertThat(line.readyAt(1, 0)).isEqualTo(100_000);
        line.take(1);
        assertThat(line.left()).isEqualTo(0.5);
    }

    @Test
    void whatNobodyTakesInTimePassesBy() {
        line.lease(0, 2_000_000);

        assertThat(line.readyAt(1, 1_500_000)).isEqualTo(1_000_000);
        assertThat(line.left()).isEqualTo(100);
        assertThat(line.readyAt(1, 9_000_000)).isEqualTo(Line.LEASE);
        assertThat(line.left()).isZero();
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

        assertThat(line.left()).isEqualTo(300);
    }
}
