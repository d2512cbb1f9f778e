package io.penstock.bench;

import java.util.Arrays;

/// Times of calls. Not thread-safe.
final class Latencies {

    private long[] nanos = new long[0];

    void add(long[] more) {
        long[] all = Arrays.copyOf(nanos, nanos.length + more.length);
        System.arraycopy(more, 0, all, nanos.length, more.length);
        Arrays.sort(all);
        nanos = all;
    }

    /// In milliseconds, by nearest rank.
    double percentile(int percent) {
        int rank = (int) Math.ceil(percent / 100.0 * nanos.length);
        return nanos[Math.max(0, rank - 1)] / 1e6;
    }
}
