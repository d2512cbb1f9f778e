package io.penstock.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// How fast calls start before providers whose limits have every shape, in a minute without a
/// clock, after five seconds in which to find out.
class PaceTest {

    private static final long SECOND = 1_000_000;
    private static final long LATENCY = 200_000;
    private static final int PER_SECOND = 100;
    private static final long SEED = Long.getLong("penstock.seed", 20_261_130);
    private static final long[] ANY = {};

    private record Result(double used, double refused) {}

    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void whereTheHeadersTellIt(int processes) {
        for (long bucket : new long[] {60_000_000, 10_000_000, 1_000_000, 500_000}) {
            for (int unit : new int[] {1, 200}) {
                Result result = byHeaders(processes, bucket, 0, unit);
                assertThat(result.used).isGreaterThan(0.93);
                assertThat(result.refused).isLessThan(processes == 1 ? 5 : 40);
            }
        }
        for (long window : new long[] {60_000_000, 10_000_000, 1_000_000}) {
            Result result = byHeaders(processes, 0, window, 1);
            assertThat(result.used).isGreaterThan(0.85);
            assertThat(result.refused).isLessThan(processes == 1 ? 10 : 50);
        }
    }

    private static Result byHeaders(int processes, long bucket, long window, int unit) {
        return run(
                processes,
                limited(bucket, window, unit, Simulated.Told.SECONDS, Simulated.Headers.HONEST),
                unit,
                Map.of());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void whereItIsConfigured(int processes) {
        for (long bucket : new long[] {60_000_000, 10_000_000, 1_000_000, 500_000}) {
            for (int unit : new int[] {1, 200}) {
                Result result =
                        run(
                                processes,
                                limited(
                                        bucket,
                                        0,
                                        unit,
                                        Simulated.Told.SECONDS,
                                        Simulated.Headers.NONE),
                                unit,
                                Map.of(
                                        unit == 1 ? "requests-per-minute" : "tokens-per-minute",
                                        Integer.toString(PER_SECOND * 60 * unit)));
                assertThat(result.used).isGreaterThan(0.95);
                assertThat(result.refused).isLessThan(1);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void whereNothingTellsIt(int processes) {
        for (Simulated.Headers headers :
                new Simulated.Headers[] {
                    Simulated.Headers.NONE,
                    Simulated.Headers.ZERO,
                    Simulated.Headers.DAY,
                    Simulated.Headers.UNIT
                }) {
            for (Simulated.Told told : Simulated.Told.values()) {
                Result result = run(processes, limited(SECOND, 0, 1, told, headers), 1, Map.of());
                assertThat(result.used).isGreaterThan(0.9);
                assertThat(result.refused).isLessThan(processes == 1 ? 60 : 200);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.01, 0.05, 0.2, 0.4})
    void whatIsRefusedByChanceStopsNobody(double chance) {
        Random random = new Random(SEED);
        Simulated provider = provider(random, 0, 0, 0, ANY, chance, Long.MAX_VALUE, 0);
        Simulation simulation = new Simulation(random, provider, LATENCY, 200, 1, Map.of());

        simulation.run(5 * SECOND, 65 * SECOND);

        assertThat(simulation.taken())
                .isGreaterThan((long) (0.85 * (1 - chance) * 60 * 100 * SECOND / LATENCY));
        assertThat(simulation.early()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 60})
    void aStormCostsOneCallASecondAndItsEndIsSeenWithinOne(int seconds) {
        for (int processes : new int[] {1, 4}) {
            Random random = new Random(SEED);
            int end = 20 + seconds;
            Simulated provider = provider(random, 0, 0, 0, ANY, 0, 20 * SECOND, end * SECOND);
            Simulation simulation =
                    new Simulation(random, provider, LATENCY, 200, processes, Map.of());

            simulation.run(0, (end + 5) * SECOND);

            for (int second = 21; second < end; second++) {
                assertThat(simulation.startsIn(second)).isLessThanOrEqualTo(2);
            }
            assertThat((double) simulation.takenIn(end + 1))
                    .isGreaterThan(0.9 * simulation.takenIn(18));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void aLevelIsFoundAndKeptTo(int processes) {
        Simulation simulation = atOnce(processes);

        simulation.run(5 * SECOND, 65 * SECOND);

        assertThat(simulation.taken()).isGreaterThan((long) (0.85 * 60 * 50 * SECOND / LATENCY));
        assertThat(simulation.refusedOfThousand()).isLessThan(processes == 1 ? 5 : 20);
    }

    /// A process that starts while others use all there is gets its part of it.
    @Test
    void noProcessIsLeftWithoutAny() {
        Simulation simulation = atOnce(4);

        simulation.run(5 * SECOND, 65 * SECOND);

        assertThat(simulation.leastShare()).isGreaterThan(0.1);
    }

    private static Simulation atOnce(int processes) {
        Random random = new Random(SEED);
        Simulated provider = provider(random, 0, 0, 0, new long[] {50}, 0, Long.MAX_VALUE, 0);
        return new Simulation(random, provider, LATENCY, 200, processes, Map.of());
    }

    /// With an equal chance for all there is nothing to find, whoever looks for it.
    @ParameterizedTest
    @ValueSource(doubles = {0.01, 0.05, 0.2, 0.4})
    void norIsItFoundBySeveral(double chance) {
        Random random = new Random(SEED);
        Simulated provider = provider(random, 0, 0, 0, ANY, chance, Long.MAX_VALUE, 0);
        Simulation simulation = new Simulation(random, provider, LATENCY, 200, 4, Map.of());

        simulation.run(5 * SECOND, 65 * SECOND);

        assertThat(simulation.taken())
                .isGreaterThan((long) (0.6 * (1 - chance) * 60 * 400 * SECOND / LATENCY));
    }

    private static Simulated limited(
            long bucket, long window, int unit, Simulated.Told told, Simulated.Headers headers) {
        return new Simulated(
                new Random(SEED),
                PER_SECOND,
                bucket,
                window,
                unit,
                told,
                headers,
                ANY,
                0,
                Long.MAX_VALUE,
                0);
    }

    private static Simulated provider(
            Random random,
            int perSecond,
            long bucket,
            long window,
            long[] levels,
            double chance,
            long stormFrom,
            long stormTo) {
        return new Simulated(
                random,
                perSecond,
                bucket,
                window,
                1,
                Simulated.Told.SECONDS,
                Simulated.Headers.NONE,
                levels,
                chance,
                stormFrom,
                stormTo);
    }

    private static Result run(
            int processes, Simulated provider, int unit, Map<String, String> budget) {
        int tokens = unit == 1 ? 200 : unit;
        Simulation simulation =
                new Simulation(new Random(SEED), provider, LATENCY, tokens, processes, budget);
        simulation.run(5 * SECOND, 65 * SECOND);
        Result result =
                new Result(
                        simulation.taken() / (60.0 * PER_SECOND), simulation.refusedOfThousand());
        System.out.printf(
                Locale.ROOT,
                "%s, %d process(es), %s: %.3f used, %.1f of 1,000 refused (seed %d)%n",
                provider,
                processes,
                budget,
                result.used,
                result.refused,
                SEED);
        return result;
    }
}
