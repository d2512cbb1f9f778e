package io.penstock.store;

import io.penstock.store.local.LocalEngine;
import io.quarkus.runtime.configuration.ConfigurationException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/// Chooses the engine that `penstock.engine` names.
@ApplicationScoped
class Engines {

    private final LocalEngine local;

    Engines(
            LocalEngine local,
            @ConfigProperty(name = "penstock.engine", defaultValue = "local") String engine) {
        this.local = local;
        if (!engine.equals("local")) {
            throw new ConfigurationException(
                    "penstock.engine is " + engine + ": the one engine is local.");
        }
    }

    @Produces
    @ApplicationScoped
    JobStore jobs() {
        return local.jobs();
    }

    @Produces
    @ApplicationScoped
    Payloads payloads() {
        return local.payloads();
    }

    @Produces
    @ApplicationScoped
    ChunkQueue queue() {
        return local.queue();
    }
}
