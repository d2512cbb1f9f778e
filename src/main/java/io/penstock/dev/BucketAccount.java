package io.penstock.dev;

/// A bucket that refills evenly. Its level is kept as the time at which it will be full again.
final class BucketAccount implements Account {
    private final double nanosEach;
    private final long grain;
    private long full;

    BucketAccount(double nanosEach, long grain, long now) {
        this.nanosEach = nanosEach;
        this.grain = grain;
        this.full = now;
    }

    @Override
    public long room(long now) {
        // Half a nanosecond, because each one taken was rounded to whole ones.
        return (long) ((grain - untilUnused(now) + 0.5) / nanosEach);
    }

    @Override
    public void take(long amount, long now) {
        full = now + untilUnused(now) + cost(amount);
    }

    @Override
    public long untilRoom(long amount, long now) {
        long cost = cost(amount);
        return cost > grain ? grain : Math.max(0, untilUnused(now) + cost - grain);
    }

    @Override
    public long untilUnused(long now) {
        return Math.max(0, full - now);
    }

    private long cost(long amount) {
        return Math.round(amount * nanosEach);
    }
}
