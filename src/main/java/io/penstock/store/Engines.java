package io.penstock.store;

import io.penstock.store.aws.AwsEngine;
import io.penstock.store.local.LocalEngine;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;

/// Chooses the engine. Neither is opened before it is used.
@ApplicationScoped
class Engines {

    private final StoreEngine engine;

    Engines(LocalEngine local, AwsEngine aws, Where where) {
        this.engine =
                switch (where.engine()) {
                    case LOCAL -> local;
                    case AWS -> aws;
                };
    }

    @Produces
    @ApplicationScoped
    Documents documents() {
        return engine.documents();
    }

    @Produces
    @ApplicationScoped
    Payloads payloads() {
        return engine.payloads();
    }

    @Produces
    @ApplicationScoped
    ChunkQueue queue() {
        return engine.queue();
    }

    @Produces
    @ApplicationScoped
    BudgetStore budgets() {
        return BudgetStore.in(engine.documents());
    }

    @Produces
    @ApplicationScoped
    StreamNotes streams() {
        return StreamNotes.in(engine.documents());
    }
}
