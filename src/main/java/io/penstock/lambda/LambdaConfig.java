package io.penstock.lambda;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.config.ConfigMapping;
import java.net.URI;
import java.util.Optional;

/// How the handlers answer.
@ConfigMapping(prefix = "penstock.lambda")
public interface LambdaConfig {

    /// Where the WebSocket API takes messages for its connections, up to `/@connections`; the
    /// event's own domain and stage unless given, which is wrong behind a custom domain.
    Optional<URI> connectionsUrl();

    /// Stops the start with one sentence when a value makes no sense.
    default LambdaConfig checked() {
        connectionsUrl()
                .filter(url ->
                        url.getHost() == null
                                || !("https".equals(url.getScheme())
                                        || "http".equals(url.getScheme())))
                .ifPresent(url -> {
                    throw new ConfigurationException(
                            "penstock.lambda.connections-url is "
                                    + url
                                    + ": give the API's callback URL, such as"
                                    + " https://abc123.execute-api.eu-west-1.amazonaws.com/prod.");
                });
        return this;
    }
}
