package io.penstock.store.aws;

import io.penstock.store.StoreException;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigSourceFactory;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.PropertiesConfigSource;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.config.spi.ConfigSource;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;

/// Makes a setting of a secret: the provider's key is the text of the secret in AWS Secrets Manager
/// that `penstock.llm.api-key-secret` names. Without that setting nothing is asked.
///
/// The secret is read once, when the application starts; a start without it ends with a sentence.
/// Credentials, region and endpoint come from the usual `AWS_*` variables.
public final class SecretSettings implements ConfigSourceFactory {

    private static final String SECRET = "penstock.llm.api-key-secret";
    private static final String KEY = "penstock.llm.api-key";

    /// Above application.properties (250), below the environment (300).
    private static final int ORDINAL = 265;

    /// A start that waits longer is over before it has begun: Lambda gives it 10 s ("Lambda
    /// execution environment").
    private static final Duration ATTEMPT = Duration.ofSeconds(2);

    private static final Duration WHOLE = Duration.ofSeconds(6);

    @Override
    public Iterable<ConfigSource> getConfigSources(ConfigSourceContext context) {
        ConfigValue named = context.getValue(SECRET);
        if (named == null || named.getValue() == null || named.getValue().isBlank()) {
            return List.of();
        }
        String name = named.getValue().strip();
        return List.of(
                new PropertiesConfigSource(
                        Map.of(KEY, text(name)), "Penstock secret settings", ORDINAL));
    }

    private static String text(String name) {
        @Nullable String text;
        try {
            text = Aws.call("it cannot be read", () -> secret(name));
        } catch (StoreException failed) {
            throw unusable(name, failed.text());
        }
        if (text == null || text.isBlank()) {
            throw unusable(name, "it holds no text");
        }
        return text.strip();
    }

    private static @Nullable String secret(String name) {
        try (SecretsManagerClient client =
                SecretsManagerClient.builder()
                        .httpClientBuilder(UrlConnectionHttpClient.builder())
                        .overrideConfiguration(
                                o -> o.apiCallAttemptTimeout(ATTEMPT).apiCallTimeout(WHOLE))
                        .build()) {
            return client.getSecretValue(g -> g.secretId(name)).secretString();
        }
    }

    /// The SDK's own words stay behind: they may quote the request.
    private static ConfigurationException unusable(String name, String why) {
        return new ConfigurationException(
                SECRET
                        + " names the secret "
                        + name
                        + ", but "
                        + why
                        + ": put the provider's key there as plain text, and allow"
                        + " secretsmanager:GetSecretValue on it.");
    }
}
