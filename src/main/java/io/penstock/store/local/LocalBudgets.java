package io.penstock.store.local;

import io.penstock.store.Budget;
import io.penstock.store.BudgetStore;
import java.time.Clock;
import java.util.Optional;
import java.util.function.Supplier;

/// Budgets in the SQLite file, so that a process that starts again knows what was taken.
final class LocalBudgets implements BudgetStore {

    private final Supplier<Database> database;
    private final Clock clock;

    LocalBudgets(Supplier<Database> database, Clock clock) {
        this.database = database;
        this.clock = clock;
    }

    @Override
    public boolean isShared() {
        return false;
    }

    @Override
    public Optional<Budget> budget(String name) {
        return database
                .get()
                .call(
                        "budget " + name,
                        session ->
                                session.query(
                                        row -> Budget.fromJson(row.getString(1)),
                                        "SELECT doc FROM budget WHERE name = ?",
                                        name))
                .stream()
                .findFirst();
    }

    @Override
    public boolean replace(Budget next) {
        return database.get()
                .call(
                        "budget " + next.name(),
                        session ->
                                (next.version() == 1
                                                ? session.execute(
                                                        "INSERT INTO budget (name, version, doc) VALUES"
                                                                + " (?, ?, ?) ON CONFLICT (name) DO NOTHING",
                                                        next.name(),
                                                        next.version(),
                                                        next.toJson())
                                                : session.execute(
                                                        "UPDATE budget SET version = ?, doc = ? WHERE name"
                                                                + " = ? AND version = ?",
                                                        next.version(),
                                                        next.toJson(),
                                                        next.name(),
                                                        next.version() - 1))
                                        == 1);
    }

    @Override
    public Clock clock() {
        return clock;
    }
}
