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
    JobStore jobs() {
        return engine.jobs();
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
    FileStore files() {
        return engine.files();
    }

    @Produces
    @ApplicationScoped
    BudgetStore budgets() {
        return engine.budgets();
    }

    @Produces
    @ApplicationScoped
    StreamNotes streams() {
        return engine.streams();
    }

    @Produces
    @ApplicationScoped
    Outlived outlived() {
        return engine.outlived();
    }
}
