package io.penstock.testing;

import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.Map;

/// Configuration as the application reads it, from a handful of values.
public final class Settings {

    private Settings() {}

    public static <T> T of(Class<T> mapping, Map<String, String> values) {
        SmallRyeConfig config =
                new SmallRyeConfigBuilder()
                        .addDiscoveredConverters()
                        .withMapping(mapping)
                        .withDefaultValues(values)
                        .build();
        return config.getConfigMapping(mapping);
    }
}
