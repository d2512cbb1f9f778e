package io.penstock.store;

import java.time.Clock;
import java.util.Optional;

/// What is taken of the provider's limits, for all processes that share the store. Thread-safe, and
/// safe between processes.
///
/// Every method but [#isShared] and [#clock] throws [StoreException] when the store cannot be
/// reached; trying again later makes sense.
public interface BudgetStore {

    /// The budgets among these documents.
    static BudgetStore in(Documents documents) {
        return new Budgets(documents);
    }

    /// Whether other processes may use the same store. If not, what this process knows is all there
    /// is to know. Neither this nor [#clock] opens the store.
    boolean isShared();

    /// The stored budget, with every write that has returned.
    Optional<Budget> budget(String name);

    /// The stored budget, which may lag behind by a second; such a read costs half as much.
    Optional<Budget> glance(String name);

    /// Stores a budget whose stored version is one below `next`'s; version 1 is a new one.
    ///
    /// @return false when the stored version is another; nothing has changed then
    boolean replace(Budget next);

    /// The calls in flight of one share of a limit, with every write that has returned.
    Holdings holdings(String name, int share);

    /// Stores holdings whose stored version is one below `next`'s; version 1 is new.
    ///
    /// @return false when the stored version is another; nothing has changed then
    boolean replace(Holdings next);

    /// Counts one sign of life of a process that uses a budget. Each process gives one at equal
    /// intervals, and learns from two counts how many others there are.
    ///
    /// @return the count of all processes' signs
    long present(String name);

    /// The time that all processes agree upon, however wrong their own clocks are.
    Clock clock();
}
