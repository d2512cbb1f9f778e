package io.penstock.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quarkus.runtime.configuration.ConfigurationException;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class WhereTest {

    @Test
    void aFunctionIsToldByTheVariableThatLambdaSets() {
        assertThat(new Where("local", false, Optional.empty()).isFunction()).isFalse();
        assertThat(new Where("aws", false, Optional.of("127.0.0.1:9001")).isFunction()).isTrue();
    }

    @Test
    void anEngineThatIsNoneIsRefusedByItsName() {
        assertThat(new Where("local", false, Optional.empty()).engine())
                .isEqualTo(Where.Engine.LOCAL);
        assertThat(new Where("aws", false, Optional.empty()).engine()).isEqualTo(Where.Engine.AWS);
        assertThatThrownBy(() -> new Where("azure", false, Optional.empty()))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("penstock.engine is azure")
                .hasMessageContaining("local")
                .hasMessageContaining("aws");
    }
}
