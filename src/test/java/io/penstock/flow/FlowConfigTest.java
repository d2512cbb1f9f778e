package io.penstock.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.testing.Settings;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FlowConfigTest {

    @Test
    void defaults() {
        FlowConfig config = Settings.of(FlowConfig.class, Map.of()).checked();

        assertThat(config.maxConcurrency()).isEqualTo(100);
        assertThat(config.maxWaiting()).isEqualTo(1000);
        assertThat(config.maxWait()).isEqualTo(Duration.ofSeconds(60));
    }

    @Test
    void everyKeySet() {
        FlowConfig config =
                Settings.of(
                                FlowConfig.class,
                                Map.of(
                                        "penstock.flow.max-concurrency", "1",
                                        "penstock.flow.max-waiting", "0",
                                        "penstock.flow.max-wait", "0s"))
                        .checked();

        assertThat(config.maxConcurrency()).isEqualTo(1);
        assertThat(config.maxWaiting()).isZero();
        assertThat(config.maxWait()).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "max-concurrency, 0",
        "max-concurrency, 10001",
        "max-waiting, -1",
        "max-waiting, 1000001",
        "max-wait, -1s",
        "max-wait, 3m",
    })
    void whatMakesNoSenseIsNamed(String key, String value) {
        assertThatThrownBy(() ->
                        Settings.of(FlowConfig.class, Map.of("penstock.flow." + key, value))
                                .checked())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("penstock.flow." + key);
    }
}
