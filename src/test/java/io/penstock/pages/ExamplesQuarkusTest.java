package io.penstock.pages;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The commands of the pages and their answers, against the running application.
@QuarkusTest
class ExamplesQuarkusTest extends PenstockTest {

    @ParameterizedTest
    @ValueSource(strings = {"README.md", "docs/api.md", "docs/sdks.md", "docs/simulator.md"})
    void eachPrintsWhatThePageSays(String page) {
        // So that a batch is still under way when somebody looks.
        provider.behave("{\"latency\":\"200ms\"}");

        int count = new Examples(base, provider.admin()).run(Page.of(page));

        assertThat(count).isPositive();
    }

    /// The page about deployment has its commands run where the functions are.
    @Test
    void noOtherPageHasExamples() {
        List<String> others =
                Page.all().stream()
                        .filter(page -> page.blocks().stream().anyMatch(Examples::isRunnable))
                        .map(Page::toString)
                        .toList();
        assertThat(others)
                .containsExactlyInAnyOrder(
                        "README.md",
                        "infra/README.md",
                        "docs/api.md",
                        "docs/sdks.md",
                        "docs/simulator.md");
    }
}
