package io.penstock.store;

import io.quarkus.runtime.configuration.ConfigurationException;
import jakarta.inject.Singleton;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/// Where this process runs, and where it keeps things. The only place that reads these settings.
/// Immutable.
@Singleton
public final class Where {

    /// The stores to choose from: one machine, or the services of AWS.
    public enum Engine {
        LOCAL,
        AWS
    }

    private final Engine engine;
    private final boolean isFunction;
    private final boolean isCommand;

    /// @param command set by the command line alone
    /// @param runtimeApi which AWS Lambda gives to every function
    Where(
            @ConfigProperty(name = "penstock.engine", defaultValue = "local") String engine,
            @ConfigProperty(name = "penstock.command", defaultValue = "false") boolean command,
            @ConfigProperty(name = "AWS_LAMBDA_RUNTIME_API") Optional<String> runtimeApi) {
        this.engine =
                switch (engine) {
                    case "local" -> Engine.LOCAL;
                    case "aws" -> Engine.AWS;
                    default ->
                            throw new ConfigurationException(
                                    "penstock.engine is "
                                            + engine
                                            + ": choose local (one machine) or aws (DynamoDB, S3, SQS).");
                };
        this.isFunction = runtimeApi.isPresent();
        this.isCommand = command;
    }

    public Engine engine() {
        return engine;
    }

    /// Whether AWS Lambda runs this process.
    public boolean isFunction() {
        return isFunction;
    }

    /// Whether this process does what one command asks for, and nothing by itself.
    public boolean isCommand() {
        return isCommand;
    }
}
