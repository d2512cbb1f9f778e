package io.penstock.store;

import java.time.Clock;
import java.time.Duration;
import java.util.Optional;

/// Budgets as documents: a process that starts again knows what was taken.
final class Budgets implements BudgetStore {

    /// An unused budget says nothing after a minute; the rest is a margin.
    private static final Duration LIFE = Duration.ofDays(2);

    private final Documents documents;

    Budgets(Documents documents) {
        this.documents = documents;
    }

    @Override
    public boolean isShared() {
        return documents.isShared();
    }

    @Override
    public Optional<Budget> budget(String name) {
        return documents.read(key(name)).map(Budget::fromJson);
    }

    @Override
    public boolean replace(Budget next) {
        return documents.write(
                new Document(
                        key(next.name()),
                        next.version(),
                        documents.clock().instant().plus(LIFE),
                        next.toJson()));
    }

    @Override
    public Clock clock() {
        return documents.clock();
    }

    private static Document.Key key(String name) {
        return new Document.Key(Kind.BUDGET, name);
    }
}
