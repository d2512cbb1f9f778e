package io.penstock.batch;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.stream.IntStream;

/// The order in which a chunk's items are run: nearly that of the input, since results are read in
/// that order while they come. Neighbours are often alike, and many that fail in a row look like an
/// outage: between them others are to show that it is none. So near items change places with each
/// other, and now and then one from anywhere in the chunk is run.
final class Spread {

    /// Fewer items make no row that is long enough for an outage.
    private static final int FROM = 40;

    /// How far an item may be from its place in the input, at least: several times a row.
    private static final int NEAR = 100;

    /// Of so many items, one is from anywhere in the chunk.
    private static final int ANYWHERE = 4;

    /// The golden ratio: its multiples, cut to their fractions, are spread evenly, however many
    /// there are.
    private static final double GOLDEN = 0.618;

    private Spread() {}

    static List<Integer> of(List<Integer> places) {
        int count = places.size();
        Iterator<Integer> near = near(places).iterator();
        Iterator<Integer> anywhere = mixed(places).iterator();
        LinkedHashSet<Integer> order = new LinkedHashSet<>(places.size());
        for (int i = 1; order.size() < count; i++) {
            Iterator<Integer> next = i % ANYWHERE == 0 ? anywhere : near;
            if (next.hasNext()) {
                order.add(next.next());
            }
        }
        return List.copyOf(order);
    }

    private static List<Integer> near(List<Integer> places) {
        int count = places.size();
        int parts = Math.max(1, count / NEAR);
        List<Integer> near = new ArrayList<>(count);
        for (int i = 0; i < parts; i++) {
            near.addAll(mixed(places.subList(count * i / parts, count * (i + 1) / parts)));
        }
        return near;
    }

    private static List<Integer> mixed(List<Integer> places) {
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
