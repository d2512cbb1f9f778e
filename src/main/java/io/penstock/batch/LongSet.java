package io.penstock.batch;

/// A set of 64-bit hashes: 16 bytes for each at most, where a set of the texts would take a
/// multiple. Not thread-safe.
final class LongSet {

    private long[] slots = new long[1024];
    private int size;

    /// The hash of a text; with ten million texts two differing ones share it once in 370,000 sets.
    static long hash(String text) {
        // FNV-1a in 64 bits, then the finalizer of SplitMix64, since FNV's upper bits mix slowly.
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < text.length(); i++) {
            hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
        }
        hash = (hash ^ (hash >>> 30)) * 0xbf58476d1ce4e5b9L;
        hash = (hash ^ (hash >>> 27)) * 0x94d049bb133111ebL;
        return hash ^ (hash >>> 31);
    }

    /// @return false when it is in already
    boolean add(long hash) {
        // Zero marks a free slot.
        long value = hash == 0 ? 1 : hash;
        if (size >= slots.length / 2) {
            grow();
        }
        if (!put(slots, value)) {
            return false;
        }
        size++;
        return true;
    }

    private static boolean put(long[] slots, long value) {
        int at = (int) value & (slots.length - 1);
        while (slots[at] != 0) {
            if (slots[at] == value) {
                return false;
            }
            at = (at + 1) & (slots.length - 1);
        }
        slots[at] = value;
        return true;
    }

    private void grow() {
        long[] larger = new long[slots.length * 2];
        for (long value : slots) {
            if (value != 0) {
                put(larger, value);
            }
        }
        slots = larger;
    }
}
