package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.testing.Settings;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BatchConfigTest {

    @Test
    void defaults() {
        BatchConfig config = Settings.of(BatchConfig.class, Map.of()).checked();

        assertThat(config.workers()).isEmpty();
        assertThat(config.chunkItems()).isEqualTo(500);
        assertThat(config.chunkBytes().asLongValue()).isEqualTo(4L << 20);
        assertThat(config.lease()).isEqualTo(Duration.ofSeconds(20));
        assertThat(config.commitInterval()).isEqualTo(Duration.ofMillis(250));
        assertThat(config.maxWait()).isEqualTo(Duration.ofSeconds(5));
        assertThat(config.itemDeadline()).isEqualTo(Duration.ofMinutes(15));
        assertThat(config.expiry()).isEqualTo(Duration.ofHours(24));
        assertThat(config.retention()).isEqualTo(Duration.ofDays(30));
        assertThat(config.maxItems()).isEqualTo(5_000_000);
        assertThat(config.maxInput().asLongValue()).isEqualTo(4L << 30);
        assertThat(config.sweepEvery()).isEqualTo(Duration.ofSeconds(15));
        assertThat(config.stalledAfter()).isEqualTo(Duration.ofMinutes(15));
    }

    @ParameterizedTest
    @CsvSource({
        "workers, -1",
        "chunk-items, 0",
        "chunk-bytes, 0",
        "lease, 10ms",
        "commit-interval, 0s",
        "max-wait, 3m",
        "item-deadline, 0s",
        "expiry, 0s",
        "retention, 0s",
        "max-items, 0",
        "max-input, 0",
        "sweep-every, 1ms",
        "stalled-after, 0s",
    })
    void whatMakesNoSenseIsNamed(String key, String value) {
        assertThatThrownBy(() ->
                        Settings.of(BatchConfig.class, Map.of("penstock.batch." + key, value))
                                .checked())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("penstock.batch." + key);
    }
}
