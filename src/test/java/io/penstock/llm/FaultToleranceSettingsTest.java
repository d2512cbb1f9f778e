package io.penstock.llm;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import org.junit.jupiter.api.Test;

/// What is found by nothing but its name may not get lost without a word.
class FaultToleranceSettingsTest {

    private static final SmallRyeConfig WITHOUT = new SmallRyeConfigBuilder().build();

    private static final SmallRyeConfig WITH =
            new SmallRyeConfigBuilder().withSources(new FaultToleranceSettings()).build();

    /// Has the name of the class that the extension generates, as far as it is known.
    private static final Class<?> GENERATED = Completions$$QuarkusImpl_Subclass.class;

    @Test
    void aPackageThatHasThemStarts() {
        assertThatCode(() -> FaultToleranceSettings.require(WITH, GENERATED))
                .doesNotThrowAnyException();
    }

    @Test
    void aPackageThatLacksThemDoesNot() {
        assertThatThrownBy(() -> FaultToleranceSettings.require(WITHOUT, GENERATED))
                .hasMessageContaining("META-INF/services");
    }

    @Test
    void neitherDoesOneWhoseAiServiceHasAnotherName() {
        assertThatThrownBy(() -> FaultToleranceSettings.require(WITH, Completions.class))
                .hasMessageContaining("io.penstock.llm.Completions,");
    }
}

final class Completions$$QuarkusImpl_Subclass {

    private Completions$$QuarkusImpl_Subclass() {}
}
