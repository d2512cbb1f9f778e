package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.penstock.store.Job;
import io.penstock.store.StoreException;
import java.math.BigDecimal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JobOptionsTest extends StoreTest {

    @Test
    void aJobThatAsksForNothingHasNormalPriorityAndNoBound() {
        JobOptions options = JobOptions.of(job("{}"), store.payloads);

        assertThat(options.priority()).isEqualTo(JobOptions.Priority.NORMAL);
        assertThat(options.maxCost()).isNull();
        assertThat(options.pipeline()).isNull();
    }

    @Test
    void anotherBoundLeavesTheRest() {
        Job job = job("{\"priority\":\"high\",\"max_cost\":1}");

        assertThat(JobOptions.of(job, store.payloads).maxCost()).isEqualTo(new BigDecimal("1"));
        assertThat(JobOptions.costing(job, new BigDecimal("2.50")))
                .isEqualTo("{\"priority\":\"high\",\"max_cost\":2.50}");
    }

    @Test
    void longOptionsAreAPayloadOfTheJob() {
        ObjectNode options =
                Fields.JSON
                        .createObjectNode()
                        .put("system", "s".repeat(500_000))
                        .put("max_cost", 1);
        options.putObject("pipeline").put("name", "two").putArray("stages").add("x".repeat(5_000));
        Job before = job("{}");

        Job job = before.resumed(JobOptions.keep(options, before.area(), store.payloads));
        Job dearer = job.resumed(JobOptions.costing(job, new BigDecimal("2.50")));

        assertThat(job.options()).hasSizeLessThan(200);
        assertThat(JobOptions.pipelineName(job)).isEqualTo("two");
        assertThat(JobOptions.of(job, store.payloads).json()).isEqualTo(options);
        assertThat(JobOptions.of(dearer, store.payloads).maxCost())
                .isEqualTo(new BigDecimal("2.50"));
        store.payloads.deleteAll(job.prefix());
        assertThatThrownBy(() -> JobOptions.of(job, store.payloads))
                .isInstanceOf(StoreException.class);
    }

    @Test
    void longOptionsFollowTheirJobIntoAnotherArea() {
        ObjectNode options = Fields.JSON.createObjectNode().put("system", "s".repeat(500_000));
        Job before = job("{}");
        Job job = before.resumed(JobOptions.keep(options, before.area(), store.payloads));

        JobOptions.follow(job, "another", store.payloads);

        assertThat(store.payloads.size("jobs/another/options.json")).isPresent();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{} |",
                "{\"model\":\"m\"} |",
                "{\"response_format\":{\"pipeline\":{\"name\":\"x\"}},\"pipeline\":{\"name\":\"two\",\"stages\":[]}} | two",
                "{\"pipeline\":{\"stages\":[{\"name\":\"a\"}],\"name\":\"two\"},\"model\":\"m\"} | two",
            })
    void thePipelinesNameIsFoundWithoutReadingAll(String options, String name) {
        assertThat(JobOptions.pipelineName(job(options))).isEqualTo(name);
    }

    @Test
    void damagedOptionsNameTheirJob() {
        Job damaged = job("{\"pipeline\":");

        assertThatThrownBy(() -> JobOptions.of(damaged, store.payloads))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining(damaged.id());
    }

    private Job job(String options) {
        return store.job(1, 1, options);
    }
}
