package io.penstock.llm;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.math.BigDecimal;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/// Which provider is called, and how patiently.
@ConfigMapping(prefix = "penstock.llm")
public interface LlmConfig {

    /// The default of [#timeout()], as text for those who read the key before the mapping exists.
    String TIMEOUT = "60s";

    /// The default of [#maxAttempts()].
    String MAX_ATTEMPTS = "4";

    /// The default of [#backoff()].
    String BACKOFF = "500ms";

    /// Base URL of an OpenAI-compatible API, with its version path.
    Optional<String> baseUrl();

    /// The provider's key, sent as a bearer token; none is sent when it is absent.
    Optional<String> apiKey();

    /// Name or ARN of a secret in AWS Secrets Manager whose text is the key; read once, at start,
    /// and taken before what `OPENAI_API_KEY` says.
    Optional<String> apiKeySecret();

    /// The model for prompts that name none.
    @WithDefault("gpt-4o-mini")
    String model();

    /// How long one attempt may take, from the start of the request to the last byte of the answer.
    @WithDefault(TIMEOUT)
    Duration timeout();

    /// How long connecting to the provider may take.
    @WithDefault("5s")
    Duration connectTimeout();

    /// HTTP requests made for one prompt at most.
    @WithDefault(MAX_ATTEMPTS)
    int maxAttempts();

    /// The longest wait before the second attempt; doubles with each further one.
    @WithDefault(BACKOFF)
    Duration backoff();

    /// The longest wait between two attempts when the provider names none.
    @WithDefault("20s")
    Duration maxBackoff();

    /// How long a call may take with all its attempts and waits when the caller names no limit.
    @WithDefault("5m")
    Duration deadline();

    /// The longest limit that a caller may name.
    @WithDefault("15m")
    Duration maxDeadline();

    /// Text of a prompt with its system message at most, in UTF-8 bytes.
    @WithDefault("4M")
    MemorySize maxPrompt();

    /// An answer's body at most, in bytes; a longer one counts as malformed.
    @WithDefault("16M")
    MemorySize maxAnswer();

    /// How the provider calls the limit on the answer's tokens.
    @WithDefault("max_completion_tokens")
    MaxTokensField maxTokensField();

    /// What models cost, by name.
    Map<String, PriceConfig> prices();

    /// Models that stand in for others which fail, by the name of the other.
    Map<String, String> fallbacks();

    /// The price of a million tokens, in a currency of one's choice.
    interface PriceConfig {

        BigDecimal input();

        BigDecimal output();
    }

    /// The two names of the limit: OpenAI deprecated the first in favour of the second, and many
    /// compatible servers know only the first.
    enum MaxTokensField {
        MAX_TOKENS("max_tokens"),
        MAX_COMPLETION_TOKENS("max_completion_tokens");

        private final String wireName;

        MaxTokensField(String wireName) {
            this.wireName = wireName;
        }

        String wireName() {
            return wireName;
        }

        MaxTokensField other() {
            return this == MAX_TOKENS ? MAX_COMPLETION_TOKENS : MAX_TOKENS;
        }
    }

    /// Stops the start with one sentence when a value makes no sense.
    default LlmConfig checked() {
        baseUrl().ifPresent(LlmConfig::checkUrl);
        positive("timeout", timeout());
        positive("connect-timeout", connectTimeout());
        positive("backoff", backoff());
        positive("max-backoff", maxBackoff());
        positive("deadline", deadline());
        positive("max-deadline", maxDeadline());
        if (maxAttempts() < 1 || maxAttempts() > 20) {
            throw new ConfigurationException(
                    "penstock.llm.max-attempts is "
                            + maxAttempts()
                            + ": give the number of requests for one prompt, from 1 to 20.");
        }
        if (deadline().compareTo(maxDeadline()) > 0) {
            throw new ConfigurationException(
                    "penstock.llm.deadline is "
                            + deadline()
                            + ", longer than penstock.llm.max-deadline, "
                            + maxDeadline()
                            + ": lower the one or raise the other.");
        }
        size("max-prompt", maxPrompt());
        size("max-answer", maxAnswer());
        prices().forEach((name, price) -> {
            if (price.input().signum() < 0 || price.output().signum() < 0) {
                throw new ConfigurationException(
                        "penstock.llm.prices."
                                + name
                                + " is below zero: give the price of a million tokens.");
            }
        });
        fallbacks()
                .forEach((name, other) -> {
                    if (other.isBlank() || other.equals(name)) {
                        throw new ConfigurationException(
                                "penstock.llm.fallbacks."
                                        + name
                                        + " names no other model: give the one that is to stand in for it.");
                    }
                });
        if (model().isBlank()) {
            throw new ConfigurationException(
                    "penstock.llm.model is blank: name the model for prompts that name none.");
        }
        return this;
    }

    private static void checkUrl(String url) {
        URI uri = null;
        try {
            uri = URI.create(url);
        } catch (IllegalArgumentException notAUrl) {
            // Said below, in the same words as for a URL of the wrong kind.
        }
        if (uri == null
                || uri.getHost() == null
                || !("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))
                || uri.getUserInfo() != null
                || uri.getQuery() != null) {
            throw new ConfigurationException(
                    "penstock.llm.base-url (OPENAI_BASE_URL) is not a URL of the form"
                            + " https://host/v1: give scheme, host and path, without user, password or query.");
        }
    }

    private static void positive(String key, Duration value) {
        if (value.toMillis() < 1 || value.compareTo(Duration.ofHours(24)) > 0) {
            throw new ConfigurationException(
                    "penstock.llm."
                            + key
                            + " is "
                            + value
                            + ": give a duration from 1ms to 24h, such as 30s.");
        }
    }

    private static void size(String key, MemorySize value) {
        if (value.asLongValue() < 1 || value.asLongValue() > 256L << 20) {
            throw new ConfigurationException(
                    "penstock.llm."
                            + key
                            + " is "
                            + value.asLongValue()
                            + " bytes: give a size above zero and up to 256M, such as 4M.");
        }
    }
}
