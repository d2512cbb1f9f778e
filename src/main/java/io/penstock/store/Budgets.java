package io.penstock.store;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// Budgets as documents: a process that starts again knows what was taken. What is written often is
/// a document of its own, so that nobody waits for another's writes.
final class Budgets implements BudgetStore {

    /// A budget that nobody has used for a minute says nothing; the rest is a margin.
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
        return documents.read(key(name, "")).map(Budget::fromJson);
    }

    @Override
    public Optional<Budget> glance(String name) {
        return documents.glance(key(name, "")).map(Budget::fromJson);
    }

    @Override
    public boolean replace(Budget next) {
        return documents.write(
                new Document(key(next.name(), ""), next.version(), end(), next.toJson()));
    }

    @Override
    public Holdings holdings(String name, int share) {
        return documents
                .read(key(name, "#holdings-" + share))
                .map(Holdings::fromJson)
                .orElse(Holdings.none(name, share));
    }

    @Override
    public boolean replace(Holdings next) {
        return documents.write(
                new Document(
                        key(next.name(), "#holdings-" + next.share()),
                        next.version(),
                        end(),
                        next.toJson()));
    }

    @Override
    public long present(String name) {
        return documents.count(key(name, "#present"), end());
    }

    @Override
    public Clock clock() {
        return documents.clock();
    }

    private Instant end() {
        return documents.clock().instant().plus(LIFE);
    }

    /// Callers choose the names of models, and so of budgets: no name may be taken for another's
    /// part.
    private static Document.Key key(String name, String part) {
        return new Document.Key(Kind.BUDGET, name.replace("#", "##") + part);
    }
}
