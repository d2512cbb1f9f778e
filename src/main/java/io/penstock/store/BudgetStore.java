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

    /// The stored budget, which may lag behind by a second: at half the price.
    Optional<Budget> glance(String name);

    /// Stores a budget whose stored version is one below `next`'s; version 1 is a new one.
    ///
    /// @return false when it is another; nothing has changed then
    boolean replace(Budget next);

    /// The calls in flight of one share of a limit, with every write that has returned.
    Holdings holdings(String name, int share);

    /// Stores holdings whose stored version is one below `next`'s; version 1 is new.
    ///
    /// @return false when it is another; nothing has changed then
    boolean replace(Holdings next);

    /// Says that a process uses a budget. Who says so at equal times can tell from two answers how
    /// many others do too.
    ///
    /// @return how often any has said so
    long present(String name);

    /// The time that all processes agree upon, however wrong their own clocks are.
    Clock clock();
}
