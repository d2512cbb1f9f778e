package io.penstock.store;

import io.penstock.store.aws.AwsEngine;
import io.penstock.store.local.LocalEngine;
import io.quarkus.runtime.configuration.ConfigurationException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/// Chooses the engine that `penstock.engine` names. Neither is opened before it is used.
@ApplicationScoped
class Engines {

    private final LocalEngine local;
    private final AwsEngine aws;
    private final boolean isAws;

    Engines(
            LocalEngine local,
            AwsEngine aws,
            @ConfigProperty(name = "penstock.engine", defaultValue = "local") String engine) {
        this.local = local;
        this.aws = aws;
        this.isAws =
                switch (engine) {
                    case "local" -> false;
                    case "aws" -> true;
                    default ->
                            throw new ConfigurationException(
                                    "penstock.engine is "
                                            + engine
                                            + ": choose local (one machine) or aws (DynamoDB, S3, SQS).");
                };
    }

    @Produces
    @ApplicationScoped
    JobStore jobs() {
        return isAws ? aws.jobs() : local.jobs();
    }

    @Produces
    @ApplicationScoped
    Payloads payloads() {
        return isAws ? aws.payloads() : local.payloads();
    }

    @Produces
    @ApplicationScoped
    ChunkQueue queue() {
        return isAws ? aws.queue() : local.queue();
    }

    @Produces
    @ApplicationScoped
    FileStore files() {
        return isAws ? aws.files() : local.files();
    }

    @Produces
    @ApplicationScoped
    BudgetStore budgets() {
        return isAws ? aws.budgets() : local.budgets();
    }
}
