package io.penstock.llm;

import static org.assertj.core.api.Assertions.assertThat;
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

    @Test
    void aPackageThatHasThemStarts() {
        assertThatCode(() -> FaultToleranceSettings.require(WITH)).doesNotThrowAnyException();
    }

    @Test
    void aPackageThatLacksThemDoesNot() {
        assertThatThrownBy(() -> FaultToleranceSettings.require(WITHOUT))
                .hasMessageContaining("META-INF/services");
    }

    @Test
    void theyAreForTheMethodsThatBearTheAnnotations() throws Exception {
        assertThat(WITH.getPropertyNames())
                .filteredOn(name -> name.startsWith("smallrye.faulttolerance."))
                .isNotEmpty()
                .allSatisfy(name -> {
                    String[] parts = name.split("\"");
                    String[] method = parts[1].split("/");
                    assertThat(Class.forName(method[0]).getDeclaredMethods())
                            .filteredOn(its -> its.getName().equals(method[1]))
                            .singleElement()
                            .satisfies(its ->
                                    assertThat(its.getAnnotations())
                                            .extracting(a ->
                                                    a.annotationType()
                                                            .getSimpleName()
                                                            .toLowerCase(java.util.Locale.ROOT))
                                            .contains(parts[2].substring(1).split("\\.")[0]));
                });
    }
}
