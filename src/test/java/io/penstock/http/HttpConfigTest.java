package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.testing.Settings;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HttpConfigTest {

    @Test
    void defaults() {
        HttpConfig config = Settings.of(HttpConfig.class, Map.of()).checked();

        assertThat(config.maxBody().asLongValue()).isEqualTo(10 << 20);
        assertThat(config.maxBodies().asLongValue()).isEqualTo(64 << 20);
        assertThat(config.maxUpload().asLongValue()).isEqualTo(200 << 20);
        assertThat(config.maxStreamsPerSocket()).isEqualTo(100);
    }

    @Test
    void everyKeySet() {
        HttpConfig config =
                Settings.of(
                                HttpConfig.class,
                                Map.of(
                                        "penstock.http.max-body", "1K",
                                        "penstock.http.max-bodies", "3K",
                                        "penstock.http.max-upload", "4K",
                                        "penstock.http.max-streams-per-socket", "2"))
                        .checked();

        assertThat(config.maxBody().asLongValue()).isEqualTo(1024);
        assertThat(config.maxBodies().asLongValue()).isEqualTo(3072);
        assertThat(config.maxUpload().asLongValue()).isEqualTo(4096);
        assertThat(config.maxStreamsPerSocket()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({
        "max-body, 0",
        "max-body, 1G",
        "max-bodies, 10M",
        "max-upload, 6G",
        "max-streams-per-socket, 0",
        "origins, app.example.com",
        "origins, https://app.example.com/page",
        "hosts, https://api.example.com"
    })
    void whatMakesNoSenseIsNamed(String key, String value) {
        assertThatThrownBy(() ->
                        Settings.of(HttpConfig.class, Map.of("penstock.http." + key, value))
                                .checked())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("penstock.http." + key);
    }
}
