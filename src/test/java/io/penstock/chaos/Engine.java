package io.penstock.chaos;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// Where a batch is kept, and what can go wrong there. Whatever the processes need to know of it is
/// in their environment.
interface Engine {

    String name();

    Map<String, String> environment();

    /// How many processes work on the same store.
    int processes();

    /// After how long of silence another worker takes a chunk: more than a write may take when a
    /// request on its way is spoilt.
    Duration lease();

    /// How long a write may take when a request on its way is spoilt, with the client's pauses.
    Duration slowWrite();

    /// Of a call to the provider: longer where the machine has more to do, since it counts from
    /// before the provider sees the call.
    Duration callTimeout();

    /// Duplicates and reorders messages of the queue, and makes some come late.
    void tamper(String job, int chunks, Random random) throws Exception;

    /// Keeps the store from doing what it is asked, or from answering, for a second or two.
    ///
    /// @param pids of the processes that work on it
    /// @return what was done
    String obstruct(Random random, List<Long> pids) throws Exception;

    /// Which requests to the store were spoilt, where some are at all times.
    String spoilt();
}
