package io.penstock.store;

import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/// Says that the process is not ready while its store does not answer. Thread-safe.
@Readiness
@ApplicationScoped
class StoreCheck implements HealthCheck {

    private static final String NAME = "store";

    private final JobStore jobs;

    StoreCheck(JobStore jobs) {
        this.jobs = jobs;
    }

    @Override
    public HealthCheckResponse call() {
        try {
            // Of no job: only that it answers counts.
            jobs.job("readiness");
            return HealthCheckResponse.up(NAME);
        } catch (StoreException away) {
            return HealthCheckResponse.down(NAME);
        }
    }
}
