package io.penstock.dev;

/// What is used of one [Quota]. Not thread-safe. Times are readings of [System#nanoTime()], given
/// by the caller and never going back.
sealed interface Account permits SlidingAccount, BucketAccount, FixedAccount {

    /// How many may be taken now.
    long room(long now);

    /// Takes so many, for which there must be room.
    void take(long amount, long now);

    /// Nanoseconds until there is room for so many, as far as known; a grain if there never is.
    long untilRoom(long amount, long now);

    /// Nanoseconds until nothing counts as used, if nothing more is taken.
    long untilUnused(long now);
}
