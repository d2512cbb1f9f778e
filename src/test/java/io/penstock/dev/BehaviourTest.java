package io.penstock.dev;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BehaviourTest {
    private static final String EVERYTHING =
            "latency=200ms latency_p99=2s token_delay=20ms fault=rate_limit drip_delay=1500us"
                    + " retry_after=2 retry_after_ms=1500 retry_after_date=3 times=4 rate=0.5 gate=g"
                    + " max_in_flight=5 rpm=6 tpm=7";

    @Test
    void defaultsAreWellBehaved() {
        assertThat(Behaviour.parse("")).isEqualTo(Behaviour.WELL_BEHAVED);
        assertThat(Behaviour.WELL_BEHAVED.latency()).isZero();
        assertThat(Behaviour.WELL_BEHAVED.fault()).isEqualTo(Fault.NONE);
        assertThat(Behaviour.WELL_BEHAVED.dripDelay()).isEqualTo(Duration.ofMillis(100));
    }

    @Test
    void readsEverySettingAndWritesItBack() {
        var behaviour = Behaviour.parse(EVERYTHING);

        assertThat(behaviour)
                .isEqualTo(
                        new Behaviour(
                                Duration.ofMillis(200),
                                Duration.ofSeconds(2),
                                Duration.ofMillis(20),
                                Fault.RATE_LIMIT,
                                Duration.ofNanos(1_500_000),
                                2,
                                1500,
                                3,
                                4,
                                0.5,
                                "g",
                                5,
                                6,
                                7));
        ObjectNode written = Json.MAPPER.valueToTree(behaviour);
        assertThat(Behaviour.WELL_BEHAVED.with(written)).isEqualTo(behaviour);
        assertThat(written.path("drip_delay").asText()).isEqualTo("1500us");
        assertThat(written.path("fault").asText()).isEqualTo("rate_limit");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "latency=5",
                "latency=-1s",
                "fault=nonsense",
                "rate=2",
                "times=0",
                "rpm=x",
                "retry_after=1.5",
                "colour=red",
                "latency_p99=1s",
                "hang"
            })
    void refusesWhatDoesNotFitAndNamesIt(String word) {
        assertThatThrownBy(() -> Behaviour.parse(word))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(word.replaceFirst("=.*", ""));
    }

    @Test
    void aRequestWithItsOwnFaultDoesNotInheritHowOftenItApplies() {
        var overlaid = Behaviour.parse(EVERYTHING).overlaidBy(Behaviour.settings("fault=reset"));

        assertThat(overlaid.fault()).isEqualTo(Fault.RESET);
        assertThat(overlaid.times()).isNull();
        assertThat(overlaid.rate()).isEqualTo(1);
        assertThat(overlaid.retryAfter()).isNull();
        assertThat(overlaid.latency()).isEqualTo(Duration.ofMillis(200));
    }

    @Test
    void theTailOfTheLatencyHasTheMedianAndPercentileAskedFor() {
        var behaviour = Behaviour.parse("latency=100ms latency_p99=1s");
        var conduct = new Conduct(behaviour, 42);

        long[] micros =
                IntStream.range(0, 20_000)
                        .mapToLong(_ -> conduct.latency(behaviour).toNanos() / 1_000)
                        .sorted()
                        .toArray();

        assertThat(micros[10_000]).isBetween(95_000L, 105_000L);
        assertThat(micros[19_800]).isBetween(900_000L, 1_100_000L);
        var again = new Conduct(behaviour, 42);
        var other = new Conduct(behaviour, 42);
        assertThat(again.latency(behaviour)).isEqualTo(other.latency(behaviour));
    }
}
