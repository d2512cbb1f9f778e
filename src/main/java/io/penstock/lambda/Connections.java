package io.penstock.lambda;

import com.amazonaws.services.lambda.runtime.events.APIGatewayV2WebSocketEvent;
import io.quarkus.runtime.Startup;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.URI;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.StandardRetryStrategy;
import software.amazon.awssdk.retries.api.BackoffStrategy;
import software.amazon.awssdk.services.apigatewaymanagementapi.ApiGatewayManagementApiClient;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.LimitExceededException;

/// The `@connections` of a WebSocket API: AWS documentation, "Use @connections commands in your
/// backend service". Made at start, so that a wrong setting stops it. Thread-safe.
@ApplicationScoped
@Startup
class Connections {

    private static final Duration ATTEMPT = Duration.ofSeconds(5);
    private static final Duration WHOLE = Duration.ofSeconds(15);

    private static final int ATTEMPTS = 8;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

    private final @Nullable URI configured;

    /// Of the API that called last: as a rule there is one.
    private @Nullable Api api;

    private record Api(URI url, ApiGatewayManagementApiClient client) {}

    Connections(LambdaConfig config) {
        configured = config.checked().connectionsUrl().orElse(null);
    }

    /// Sends a message to one connection and waits until the gateway has taken it.
    interface Connection {

        /// @throws software.amazon.awssdk.core.exception.SdkException when it has not, or may not
        ///   have; a second time it might come twice
        void post(String message);
    }

    /// @param context of an event that came from the connection
    Connection of(APIGatewayV2WebSocketEvent.RequestContext context) {
        ApiGatewayManagementApiClient client = client(context.getDomainName(), context.getStage());
        String id = context.getConnectionId();
        return message ->
                client.postToConnection(
                        p -> p.connectionId(id).data(SdkBytes.fromUtf8String(message)));
    }

    private synchronized ApiGatewayManagementApiClient client(String domain, String stage) {
        URI url = configured == null ? URI.create("https://" + domain + "/" + stage) : configured;
        if (api == null || !api.url.equals(url)) {
            close();
            api = new Api(url, client(url));
        }
        return api.client;
    }

    private static ApiGatewayManagementApiClient client(URI url) {
        return ApiGatewayManagementApiClient.builder()
                .endpointOverride(url)
                .region(Region.of(System.getenv("AWS_REGION")))
                .credentialsProvider(EnvironmentVariableCredentialsProvider.create())
                .httpClientBuilder(UrlConnectionHttpClient.builder())
                .overrideConfiguration(o ->
                        o.apiCallAttemptTimeout(ATTEMPT)
                                .apiCallTimeout(WHOLE)
                                // Anything but a refusal for now may have reached the client, and
                                // a second time it would be text that nobody wrote.
                                .retryStrategy(
                                        StandardRetryStrategy.builder()
                                                .useClientDefaults(false)
                                                .maxAttempts(ATTEMPTS)
                                                .retryOnException(LimitExceededException.class)
                                                .backoffStrategy(
                                                        BackoffStrategy.exponentialDelay(
                                                                FIRST_PAUSE, LONGEST_PAUSE))
                                                .build()))
                .build();
    }

    @PreDestroy
    synchronized void close() {
        if (api != null) {
            api.client.close();
        }
    }
}
