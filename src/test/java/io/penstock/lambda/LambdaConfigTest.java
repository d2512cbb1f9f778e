package io.penstock.lambda;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.Settings;
import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LambdaConfigTest {

    @Test
    void defaults() {
        assertThat(Settings.of(LambdaConfig.class, Map.of()).checked().connectionsUrl()).isEmpty();
    }

    @Test
    void everyKeySet() {
        LambdaConfig config =
                Settings.of(
                                LambdaConfig.class,
                                Map.of("penstock.lambda.connections-url", "https://host/stage"))
                        .checked();

        assertThat(config.connectionsUrl()).contains(URI.create("https://host/stage"));
    }
}
