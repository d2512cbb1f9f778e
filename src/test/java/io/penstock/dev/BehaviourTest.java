package io.penstock.dev;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BehaviourTest {
    private static final String EVERYTHING =
            "latency=200ms latency_p99=2s token_delay=20ms fault=rate_limit,html drip_delay=1500us"
                    + " retry_after=2 retry_after_ms=1500 retry_after_date=3 times=4 each=true rate=0.5"
                    + " lasts=10s gate=g max_in_flight=10,50/30s rpm=6 tokens=100/1s:bucket:500ms"
                    + " waits=seconds headers=day stall=3s";

    @Test
    void defaultsAreWellBehaved() {
        assertThat(Behaviour.parse("")).isEqualTo(Behaviour.WELL_BEHAVED);
        assertThat(Behaviour.WELL_BEHAVED.latency()).isZero();
        assertThat(Behaviour.WELL_BEHAVED.fault()).isEqualTo(FaultMix.NONE);
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
                                new FaultMix(List.of(Fault.RATE_LIMIT, Fault.HTML)),
                                Duration.ofNanos(1_500_000),
                                Duration.ofSeconds(3),
                                2,
                                1500,
                                3,
                                4,
                                true,
                                0.5,
                                Duration.ofSeconds(10),
                                "g",
                                new AtOnce(List.of(10, 50), Duration.ofSeconds(30)),
                                6,
                                null,
                                null,
                                new Quota(
                                        100,
                                        Duration.ofSeconds(1),
                                        Quota.Enforcement.BUCKET,
                                        Duration.ofMillis(500)),
                                WaitNotice.Place.SECONDS,
                                LimitHeaders.DAY));
        ObjectNode written = WireJson.MAPPER.valueToTree(behaviour);
        assertThat(Behaviour.WELL_BEHAVED.with(written)).isEqualTo(behaviour);
        assertThat(written.path("drip_delay").asText()).isEqualTo("1500us");
        assertThat(written.path("fault").asText()).isEqualTo("rate_limit,html");
        assertThat(written.path("max_in_flight").asText()).isEqualTo("10,50/30s");
        assertThat(Behaviour.parse("max_in_flight=5").maxInFlight()).isEqualTo(AtOnce.of(5));
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
                "max_in_flight=10,50",
                "max_in_flight=x",
                "requests=5",
                "requests=5/1m:heap",
                "tokens=10/1m:fixed:1s",
                "waits=never",
                "headers=odd",
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

        assertThat(overlaid.fault()).isEqualTo(new FaultMix(List.of(Fault.RESET)));
        assertThat(overlaid.times()).isNull();
        assertThat(overlaid.rate()).isEqualTo(1);
        assertThat(overlaid.each()).isFalse();
        assertThat(overlaid.lasts()).isNull();
        assertThat(overlaid.retryAfter()).isNull();
        assertThat(overlaid.latency()).isEqualTo(Duration.ofMillis(200));
    }

    @Test
    void aLimitIsSetInOneWay() {
        assertThatThrownBy(() -> Behaviour.parse("rpm=6 requests=6/1m"))
                .hasMessage("Set requests or rpm, not both.");
    }

    @Test
    void aStallIsLaterThanOthers() {
        var behaviour = Behaviour.parse("latency=100ms stall=8s");
        var conduct = new Conduct(behaviour, 1, 0);

        assertThat(conduct.latency(behaviour, Fault.STALL)).isEqualTo(Duration.ofMillis(8_100));
        assertThat(conduct.latency(behaviour, Fault.HTML)).isEqualTo(Duration.ofMillis(100));
    }

    @Test
    void aFaultEndsWhenItHasLasted() {
        var behaviour = Behaviour.parse("fault=unavailable lasts=10s");
        long second = Duration.ofSeconds(1).toNanos();
        var conduct = new Conduct(behaviour, 1, 5 * second);

        assertThat(conduct.fault(behaviour, 1, false, 15 * second - 1))
                .isEqualTo(Fault.UNAVAILABLE);
        assertThat(conduct.fault(behaviour, 1, false, 15 * second)).isEqualTo(Fault.NONE);
        conduct.behave(behaviour, 20 * second);
        assertThat(conduct.fault(behaviour, 1, false, 21 * second)).isEqualTo(Fault.UNAVAILABLE);
    }

    @Test
    void badFirstAnswersAreOnesToEachConversationByItselfAndOfEveryKind() {
        var behaviour = Behaviour.parse("fault=reset,html,unavailable times=1 each=true rate=0.3");
        var conduct = new Conduct(behaviour, 7, 0);

        List<Fault> first =
                IntStream.range(0, 1_000)
                        .mapToObj(i -> conduct.fault(behaviour, i, false, 0))
                        .toList();
        List<Fault> second =
                IntStream.range(0, 1_000)
                        .mapToObj(i -> conduct.fault(behaviour, i, false, 0))
                        .toList();

        for (Fault kind : List.of(Fault.RESET, Fault.HTML, Fault.UNAVAILABLE)) {
            assertThat(first.stream().filter(kind::equals).count()).isBetween(60L, 140L);
        }
        assertThat(second).containsOnly(Fault.NONE);
    }

    @Test
    void theTailOfTheLatencyHasTheMedianAndPercentileAskedFor() {
        var behaviour = Behaviour.parse("latency=100ms latency_p99=1s");
        var conduct = new Conduct(behaviour, 42, 0);

        long[] micros =
                IntStream.range(0, 20_000)
                        .mapToLong(_ -> conduct.latency(behaviour, Fault.NONE).toNanos() / 1_000)
                        .sorted()
                        .toArray();

        assertThat(micros[10_000]).isBetween(95_000L, 105_000L);
        assertThat(micros[19_800]).isBetween(900_000L, 1_100_000L);
        var again = new Conduct(behaviour, 42, 0);
        var other = new Conduct(behaviour, 42, 0);
        assertThat(again.latency(behaviour, Fault.NONE))
                .isEqualTo(other.latency(behaviour, Fault.NONE));
    }
}
