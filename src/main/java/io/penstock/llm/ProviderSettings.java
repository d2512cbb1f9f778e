package io.penstock.llm;

import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigSourceFactory;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.spi.ConfigSource;
import org.jspecify.annotations.Nullable;

/// Takes the provider from where Quarkus's users configure it, `quarkus.langchain4j.openai.*`, else
/// from the variables that OpenAI's SDKs read. `penstock.llm.*` wins over both, wherever it stands.
///
/// The extension's own models are switched off, all of them: Penstock's stand in their place, and
/// the extension would ask for a key at start all the same.
public final class ProviderSettings implements ConfigSourceFactory {

    static final String EXTENSION = "quarkus.langchain4j.openai.";

    /// What stands in a map's settings for all names that no setting mentions (SmallRye Config
    /// 3.16, `@WithDefaults`).
    private static final String UNMENTIONED = "*";

    private static final String SOURCE = "Penstock provider settings";

    /// Below application.properties (250).
    private static final int ORDINAL = 200;

    /// By Penstock's name, the first that is set counts.
    private static final Map<String, List<String>> ELSEWHERE =
            Map.of(
                    "penstock.llm.api-key", List.of(EXTENSION + "api-key", "OPENAI_API_KEY"),
                    "penstock.llm.base-url", List.of(EXTENSION + "base-url", "OPENAI_BASE_URL"),
                    "penstock.llm.timeout",
                            List.of(EXTENSION + "timeout", "quarkus.langchain4j.timeout"),
                    "penstock.llm.model", List.of(EXTENSION + "chat-model.model-name"));

    /// What comes after the prefix where no name does.
    private static final Set<String> OWN =
            Set.of(
                    "api-key",
                    "base-url",
                    "timeout",
                    "organization-id",
                    "tls-configuration-name",
                    "max-retries",
                    "log-requests",
                    "log-responses",
                    "log-requests-curl",
                    "enable-integration",
                    "proxy-type",
                    "proxy-host",
                    "proxy-port",
                    "chat-model",
                    "embedding-model",
                    "moderation-model",
                    "image-model");

    @Override
    public Iterable<ConfigSource> getConfigSources(ConfigSourceContext context) {
        Map<String, String> settings = new HashMap<>();
        ELSEWHERE.forEach((ours, others) -> {
            ConfigValue value = elsewhere(context::getValue, ours);
            if (value != null) {
                settings.put(ours, value.getValue());
            }
        });
        settings.put(EXTENSION + "enable-integration", "false");
        settings.put(EXTENSION + UNMENTIONED + ".enable-integration", "false");
        names(context.iterateNames())
                .forEach(name ->
                        settings.put(EXTENSION + quoted(name) + ".enable-integration", "false"));
        return List.of(new PropertiesConfigSource(settings, SOURCE, ORDINAL));
    }

    /// What stands elsewhere for one of Penstock's own settings; null where nothing does.
    static @Nullable ConfigValue elsewhere(Function<String, ConfigValue> config, String ours) {
        for (String name : ELSEWHERE.getOrDefault(ours, List.of())) {
            ConfigValue value = config.apply(name);
            if (isSet(value)) {
                return value;
            }
        }
        return null;
    }

    /// The names of the settings that say which provider it is, for the log.
    static String origin(Config config) {
        SmallRyeConfig all = config.unwrap(SmallRyeConfig.class);
        List<String> names = new ArrayList<>();
        for (String ours : List.of("penstock.llm.base-url", "penstock.llm.api-key")) {
            ConfigValue value = all.getConfigValue(ours);
            if (isSet(value)) {
                ConfigValue other =
                        String.valueOf(value.getConfigSourceName()).contains(SOURCE)
                                ? elsewhere(all::getConfigValue, ours)
                                : null;
                names.add(other == null ? ours : other.getName());
            }
        }
        return String.join(", ", names);
    }

    /// Whether somebody has set it: the extension has defaults of its own, which are not wanted.
    static boolean isSet(@Nullable ConfigValue value) {
        return value != null
                && value.getValue() != null
                && !value.getValue().isBlank()
                && value.getConfigSourceOrdinal() > Integer.MIN_VALUE;
    }

    /// The named models that are configured.
    static Set<String> names(Iterator<String> properties) {
        Set<String> names = new TreeSet<>();
        properties.forEachRemaining(property -> {
            if (property.startsWith(EXTENSION)) {
                String rest = property.substring(EXTENSION.length());
                boolean isQuoted = rest.startsWith("\"");
                int end = isQuoted ? rest.indexOf('"', 1) : rest.indexOf('.');
                if (end > 0) {
                    String first = rest.substring(isQuoted ? 1 : 0, end);
                    if (isQuoted || !(OWN.contains(first) || first.equals(UNMENTIONED))) {
                        names.add(first);
                    }
                }
            }
        });
        return names;
    }

    static String quoted(String name) {
        return name.matches("[\\w-]+") ? name : '"' + name + '"';
    }
}
