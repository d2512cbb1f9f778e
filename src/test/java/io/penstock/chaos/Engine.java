package io.penstock.chaos;

import java.util.Map;
import java.util.Random;

/// Where a batch is kept, and what can go wrong there. Whatever the processes need to know of it is
/// in their environment.
interface Engine {

    String name();

    Map<String, String> environment();

    /// How many processes work on the same store.
    int processes();

    /// Duplicates and reorders messages of the queue, and makes some come late.
    void tamper(String job, int chunks, Random random) throws Exception;

    /// Keeps the store from writing for a second or two.
    ///
    /// @return whether this engine has a way to do so
    boolean obstruct(Random random) throws Exception;
}
