package io.penstock.http;

import io.quarkus.runtime.configuration.MemorySizeConverter;
import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigSourceFactory;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.PropertiesConfigSource;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.spi.ConfigSource;

/// Makes the one limit on bodies hold for WebSocket messages, and for the frames that they come in:
/// many clients send each message as one frame, and the server's own limit for those is 64 KB.
///
/// With a value that makes no sense there are no settings: [HttpConfig] refuses it with a sentence
/// at start.
public final class WebSocketSettings implements ConfigSourceFactory {

    /// Above application.properties (250), below system properties (400).
    private static final int ORDINAL = 260;

    private static final String NAME = "Penstock WebSocket settings";

    /// Stops the start when these settings are not where they are looked for.
    static void require(Config config) {
        for (ConfigSource source : config.getConfigSources()) {
            if (source.getName().contains(NAME)) {
                return;
            }
        }
        throw new IllegalStateException(
                "Penstock's WebSocket settings are missing from this package: it lacks"
                        + " META-INF/services/io.smallrye.config.ConfigSourceFactory or one of the classes"
                        + " that it names; build it with both.");
    }

    @Override
    public Iterable<ConfigSource> getConfigSources(ConfigSourceContext context) {
        ConfigValue value = context.getValue("penstock.http.max-body");
        String text =
                value == null || value.getValue() == null ? HttpConfig.MAX_BODY : value.getValue();
        try {
            long bytes = new MemorySizeConverter().convert(text.trim()).asLongValue();
            if (bytes < 1 || bytes > Integer.MAX_VALUE) {
                return List.of();
            }
            return List.of(
                    new PropertiesConfigSource(
                            Map.of(
                                    "quarkus.websockets-next.server.max-message-size",
                                    Long.toString(bytes),
                                    "quarkus.websockets-next.server.max-frame-size",
                                    Long.toString(bytes)),
                            NAME,
                            ORDINAL));
        } catch (IllegalArgumentException unreadable) {
            return List.of();
        }
    }
}
