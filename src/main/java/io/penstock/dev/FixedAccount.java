package io.penstock.dev;

/// At most so many in each of the windows that follow one another.
final class FixedAccount implements Account {
    private final long most;
    private final long grain;
    private long begun;
    private long used;

    FixedAccount(long most, long grain, long now) {
        this.most = most;
        this.grain = grain;
        this.begun = now;
    }

    @Override
    public long room(long now) {
        long passed = (now - begun) / grain;
        if (passed > 0) {
            begun += passed * grain;
            used = 0;
        }
        return most - used;
    }

    @Override
    public void take(long amount, long now) {
        used += amount;
    }

    @Override
    public long untilRoom(long amount, long now) {
        return room(now) >= amount ? 0 : begun + grain - now;
    }

    @Override
    public long untilUnused(long now) {
        return room(now) == most ? 0 : begun + grain - now;
    }
}
