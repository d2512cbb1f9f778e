package io.penstock.dev;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.dev.LogEntry.Arrival;
import io.penstock.dev.LogEntry.End;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class TimelineTest {
    private static final long MS = Duration.ofMillis(1).toNanos();
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final Ledger ledger = new Ledger(0, 0);

    @Test
    void tellsWhatStartedWhatEndedAndHowManyWereUnderWay() throws Refusal {
        LogEntry one = answered("a", 0);
        LogEntry two = answered("b", 500 * MS);
        ledger.open(limited("c"), 600 * MS);
        ledger.close(one, End.COMPLETED, 1_500 * MS);
        ledger.close(two, End.ABORTED, 2_000 * MS);

        List<Timeline.Slice> slices = ledger.timeline(SECOND, 2_500 * MS);

        assertThat(slices).hasSize(3);
        Timeline.Slice first = slices.get(0);
        assertThat(first.started()).isEqualTo(3);
        assertThat(first.limited()).isEqualTo(1);
        assertThat(first.inFlight()).isEqualTo(1.5);
        assertThat(first.peakInFlight()).isEqualTo(2);
        assertThat(slices.get(1).answered()).isEqualTo(1);
        assertThat(slices.get(1).inFlight()).isEqualTo(1.5);
        assertThat(slices.get(2).aborted()).isEqualTo(1);
        assertThat(slices.get(2).inFlight()).isZero();
        assertThat(slices.get(1).at() - first.at()).isEqualTo(1_000);
    }

    @Test
    void countsARequestThatComesBeforeItsOwnTimeAndNoOther() throws Refusal {
        LogEntry refused = ledger.open(limited("a"), 0);
        ledger.headSent(refused, 429, 1_000L, 0);
        ledger.close(refused, End.COMPLETED, 0);

        assertThat(ledger.open(limited("b"), 10 * MS).early()).isFalse();
        assertThat(ledger.open(limited("a"), 999 * MS).early()).isTrue();
        assertThat(ledger.open(limited("a"), 999 * MS).early()).isFalse();
        assertThat(ledger.stats().early()).isEqualTo(1);

        ledger.headSent(refused, 429, 1_000L, 1_000 * MS);
        assertThat(ledger.open(limited("a"), 2_000 * MS).early()).isFalse();
    }

    @Test
    void keepsTheLastTenMinutes() throws Refusal {
        answered("a", 0);
        Duration day = Duration.ofDays(1);

        List<Timeline.Slice> slices = ledger.timeline(Duration.ofMillis(100), day.toNanos());

        assertThat(slices).hasSize(6_000);
        assertThat(slices.getFirst().inFlight()).isEqualTo(1);
        assertThat(slices.getFirst().started()).isZero();
    }

    private LogEntry answered(String text, long now) throws Refusal {
        LogEntry entry =
                ledger.open(new Arrival(prompt(text), null, Fault.NONE, 1, false, true), now);
        ledger.headSent(entry, 200, null, now);
        return entry;
    }

    private static Arrival limited(String text) throws Refusal {
        return new Arrival(prompt(text), null, Fault.NONE, 0, true, false);
    }

    private static ReceivedPrompt prompt(String text) throws Refusal {
        return ReceivedPrompt.parse(Buffer.buffer(ProviderClient.prompt(text)));
    }
}
