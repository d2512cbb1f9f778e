package io.penstock.store.aws;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.testing.PenstockTest;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import org.junit.jupiter.api.Test;

/// An application without any AWS setting starts, and says what is missing when the engine is
/// asked.
@QuarkusTest
class UnsetEngineQuarkusTest extends PenstockTest {

    @Inject AwsEngine engine;

    @Test
    void namesTheSettingThatIsMissing() {
        assertThatThrownBy(() -> engine.payloads())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("penstock.store.bucket");
        assertThatThrownBy(() -> engine.queue())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("penstock.store.queue-url");
    }
}
