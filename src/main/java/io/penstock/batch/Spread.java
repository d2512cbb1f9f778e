package io.penstock.batch;

import java.math.BigInteger;
import java.util.List;
import java.util.stream.IntStream;

/// The order in which a chunk's items are run. Neighbours are often alike, and many that fail in a
/// row look like an outage: between them others are to show that it is none.
final class Spread {

    /// Fewer are no row that is long enough for an outage.
    private static final int FROM = 40;

    /// Its multiples lie evenly, however many there are.
    private static final double GOLDEN = 0.618;

    private Spread() {}

    static List<Integer> of(List<Integer> places) {
        int count = places.size();
        if (count <= FROM) {
            return places;
        }
        int step = (int) (count * GOLDEN);
        while (!BigInteger.valueOf(step).gcd(BigInteger.valueOf(count)).equals(BigInteger.ONE)) {
            step++;
        }
        long stride = step;
        return IntStream.range(0, count)
                .mapToObj(i -> places.get((int) (i * stride % count)))
                .toList();
    }
}
