package io.penstock.dev;

import java.util.ArrayDeque;

/// At most so many in any time as long as the grain.
final class SlidingAccount implements Account {
    private final long most;
    private final long grain;
    private final ArrayDeque<Taken> window = new ArrayDeque<>();
    private long used;

    private record Taken(long at, long amount) {}

    SlidingAccount(long most, long grain) {
        this.most = most;
        this.grain = grain;
    }

    @Override
    public long room(long now) {
        expire(now);
        return most - used;
    }

    @Override
    public void take(long amount, long now) {
        window.addLast(new Taken(now, amount));
        used += amount;
    }

    @Override
    public long untilRoom(long amount, long now) {
        expire(now);
        long room = most - used;
        if (room >= amount) {
            return 0;
        }
        for (Taken oldest : window) {
            room += oldest.amount;
            if (room >= amount) {
                return oldest.at + grain - now;
            }
        }
        return grain;
    }

    @Override
    public long untilUnused(long now) {
        expire(now);
        Taken newest = window.peekLast();
        return newest == null ? 0 : newest.at + grain - now;
    }

    private void expire(long now) {
        Taken oldest = window.peekFirst();
        while (oldest != null && now - oldest.at >= grain) {
            used -= oldest.amount;
            window.removeFirst();
            oldest = window.peekFirst();
        }
    }
}
