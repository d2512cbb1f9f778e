package io.penstock.llm;

import io.micrometer.core.instrument.config.MeterFilter;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/// Keeps meters of failed calls few. Quarkus LangChain4j 1.10.0 tags those of models
/// (`gen_ai.client.*`) with the exception's message, and each message would be a series of its own.
class ErrorTags {

    @Produces
    @Singleton
    MeterFilter errorTypes() {
        return MeterFilter.replaceTagValues(
                "error.type", type -> type.indexOf(' ') < 0 ? type : "failed");
    }
}
