package io.penstock.flow;

import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PaceTest {
    private static final long S = 1_000_000;
    static final long SEED = Long.getLong("penstock.seed", 20_261_130);

    static void row(String name, int count, double perSecond, long bucket, long window, int unit, Simulated.Told told, Simulated.Headers headers, long[] levels, double scattered, Map<String,String> budget, long lat) {
        Random random = new Random(SEED);
        Simulated p = new Simulated(random, perSecond, bucket, window, unit, told, headers, levels, scattered, -1, -1);
        Simulation sim = new Simulation(random, p, lat, unit == 1 ? 200 : unit, count, budget);
        long t0 = System.nanoTime();
        long settled = levels.length > 1 ? 0 : 5 * S;
        long until = levels.length > 1 ? 119 * S : 65 * S;
        sim.run(settled, until);
        double secs = (until - settled) / (double) S;
        double possible;
        if (levels.length > 0) { double sum = 0; for (int t = 1; t <= until / S; t++) if (t * S >= settled + S) sum += p.level(t * S); possible = sum * S / lat; }
        else if (perSecond == 0) possible = count * 100.0 * S / lat * secs * (1 - scattered);
        else possible = perSecond * secs;
        System.out.printf("%-46s %d proc: %.3f used, %6.2f refused of 1,000  (%d ms)%n", name, count, sim.taken() / possible, sim.refusedOfThousand(), (System.nanoTime() - t0) / 1_000_000);
    }

    @Test
    void all() {
        long[] none = {};
        String only = System.getProperty("only", "");
        for (int count : new int[] {1, 4}) {
            for (int rate : new int[] {100, 1000}) {
                if (rate == 1000 && count == 1) continue;
                long lat = rate == 100 ? 200_000 : 100_000;
                for (long b : new long[] {60 * S, 10 * S, S, S / 2}) for (int unit : new int[] {1, 200}) {
                    String n = rate + "/s bucket " + b / 1e6 + (unit > 1 ? " tokens" : "");
                    row(n + " headers", count, rate, b, 0, unit, Simulated.Told.MILLIS, Simulated.Headers.HONEST, none, 0, Map.of(), lat);
                    row(n + " configured, s", count, rate, b, 0, unit, Simulated.Told.SECONDS, Simulated.Headers.HONEST, none, 0, unit > 1 ? Map.of("tokens-per-minute", "" + rate * 60 * unit) : Map.of("requests-per-minute", "" + rate * 60), lat);
                }
                for (long w : new long[] {S, 10 * S, 60 * S}) {
                    row(rate + "/s window " + w / 1e6 + " headers", count, rate, 0, w, 1, Simulated.Told.SECONDS, Simulated.Headers.HONEST, none, 0, Map.of(), lat);
                    row(rate + "/s window " + w / 1e6 + " configured", count, rate, 0, w, 1, Simulated.Told.SECONDS, Simulated.Headers.HONEST, none, 0, Map.of("requests-per-minute", "" + rate * 60), lat);
                }
                for (var h : new Simulated.Headers[] {Simulated.Headers.NONE, Simulated.Headers.ZERO, Simulated.Headers.DAY, Simulated.Headers.UNIT})
                    for (var told : Simulated.Told.values()) {
                    row(rate + "/s bucket 1 " + h + " " + told, count, rate, S, 0, 1, told, h, none, 0, Map.of(), lat);
                    if (h == Simulated.Headers.NONE) { row(rate + "/s bucket 0.5 " + h + " " + told, count, rate, S / 2, 0, 1, told, h, none, 0, Map.of(), lat);
                    row(rate + "/s window 10 " + h + " " + told, count, rate, 0, 10 * S, 1, told, h, none, 0, Map.of(), lat);
                    row(rate + "/s window 1 " + h + " " + told, count, rate, 0, S, 1, told, h, none, 0, Map.of(), lat);}
                }
            }
            row("50 at once", count, 0, 0, 0, 1, Simulated.Told.SECONDS, Simulated.Headers.NONE, new long[] {50}, 0, Map.of(), 200_000);
            row("10,50,200 at once by 30 s", count, 0, 0, 0, 1, Simulated.Told.SECONDS, Simulated.Headers.NONE, new long[] {50, 10, count == 1 ? 90 : 200, 50}, 0, Map.of(), 200_000);
            for (double p : new double[] {0.01, 0.05, 0.2}) row("scattered " + p, count, 0, 0, 0, 1, Simulated.Told.SECONDS, Simulated.Headers.NONE, none, p, Map.of(), 200_000);
        }
        for (int count : new int[] {1, 4}) for (int len : new int[] {10, 60}) {
            Random random = new Random(SEED);
            Simulated p = new Simulated(random, 0, 0, 0, 1, Simulated.Told.SECONDS, Simulated.Headers.NONE, none, 0, 20 * S, (20 + len) * S);
            Simulation sim = new Simulation(random, p, 200_000, 200, count, Map.of());
            sim.run(0, (len + 30) * S);
            int in = 0; for (int i = 21; i < 20 + len; i++) in += sim.startsIn(i);
            System.out.printf("storm %d s, %d proc: first s %d, then %.2f a second; after: %d %d %d (before %d)%n", len, count, sim.startsIn(20), in / (len - 1.0), sim.takenIn(20 + len), sim.takenIn(21 + len), sim.takenIn(22 + len), sim.takenIn(18));
        }
    }
}
