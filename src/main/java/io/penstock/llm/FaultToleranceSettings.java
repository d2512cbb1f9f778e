package io.penstock.llm;

import io.penstock.flow.FlowConfig;
import io.quarkus.runtime.configuration.DurationConverter;
import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigSourceFactory;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.PropertiesConfigSource;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.spi.ConfigSource;

/// Hands Penstock's own settings to the fault tolerance annotations, which know only numbers under
/// names made of classes.
///
/// With a value that makes no sense there are none: [LlmConfig] and [FlowConfig] refuse it with a
/// sentence at start.
public final class FaultToleranceSettings implements ConfigSourceFactory {

    /// Above application.properties (250), below system properties (400): whoever knows the long
    /// names may still use them.
    private static final int ORDINAL = 260;

    private static final String NAME = "Penstock fault tolerance settings";

    private static final String COMPLETIONS = prefix(ChatCompletions.class);

    private static final String ATTEMPTS = prefix(Attempts.class);

    private static String prefix(Class<?> bean) {
        return "smallrye.faulttolerance.\"" + bean.getName() + "/complete\".";
    }

    @Override
    public Iterable<ConfigSource> getConfigSources(ConfigSourceContext context) {
        Map<String, String> settings = new HashMap<>();
        try {
            int maxConcurrency =
                    number(context, "penstock.flow.max-concurrency", FlowConfig.MAX_CONCURRENCY);
            int maxAttempts = number(context, "penstock.llm.max-attempts", LlmConfig.MAX_ATTEMPTS);
            Duration timeout = duration(context, "penstock.llm.timeout", LlmConfig.TIMEOUT);
            Duration backoff = duration(context, "penstock.llm.backoff", LlmConfig.BACKOFF);
            if (maxConcurrency < 1
                    || maxAttempts < 1
                    || timeout.toMillis() < 1
                    || backoff.isNegative()) {
                return List.of();
            }
            settings.put(COMPLETIONS + "bulkhead.value", Integer.toString(maxConcurrency));
            settings.put(COMPLETIONS + "timeout.value", Long.toString(timeout.toMillis()));
            settings.put(COMPLETIONS + "timeout.unit", "millis");
            settings.put(ATTEMPTS + "retry.max-retries", Integer.toString(maxAttempts - 1));
            settings.put(ATTEMPTS + "retry.delay", Long.toString(backoff.toMillis()));
            settings.put(ATTEMPTS + "retry.delay-unit", "millis");
        } catch (IllegalArgumentException unreadable) {
            return List.of();
        }
        return List.of(new PropertiesConfigSource(settings, NAME, ORDINAL));
    }

    /// Stops the start when these settings are not where they are looked for, since the annotations
    /// would quietly go by defaults of their own then: a timeout of one second, three retries.
    static void require(Config config) {
        for (ConfigSource source : config.getConfigSources()) {
            if (source.getName().contains(NAME)) {
                return;
            }
        }
        throw new IllegalStateException(
                "Penstock's fault tolerance settings are missing from this package: it lacks"
                        + " META-INF/services/io.smallrye.config.ConfigSourceFactory or one of the classes"
                        + " that it names; build it with both.");
    }

    private static int number(ConfigSourceContext context, String key, String fallback) {
        return Integer.parseInt(text(context, key, fallback));
    }

    private static Duration duration(ConfigSourceContext context, String key, String fallback) {
        return DurationConverter.parseDuration(text(context, key, fallback));
    }

    private static String text(ConfigSourceContext context, String key, String fallback) {
        ConfigValue value = context.getValue(key);
        if (!ProviderSettings.isSet(value)) {
            value = ProviderSettings.elsewhere(context::getValue, key);
        }
        return value == null ? fallback : value.getValue().trim();
    }
}
