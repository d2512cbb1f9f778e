package io.penstock.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.store.Job;
import io.penstock.store.StoreException;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JobOptionsTest {

    @TempDir Path directory;

    private Embedded store;

    @BeforeEach
    void open() {
        store = new Embedded(directory);
    }

    @AfterEach
    void close() throws IOException {
        store.close();
    }

    @Test
    void aJobThatAsksForNothingHasNormalPriorityAndNoBound() {
        JobOptions options = JobOptions.of(job("{}"));

        assertThat(options.priority()).isEqualTo(JobOptions.Priority.NORMAL);
        assertThat(options.maxCost()).isNull();
        assertThat(options.pipeline()).isNull();
    }

    @Test
    void anotherBoundLeavesTheRest() {
        JobOptions options = JobOptions.of(job("{\"priority\":\"high\",\"max_cost\":1}"));

        JobOptions other = options.costing(new BigDecimal("2.50"));

        assertThat(options.maxCost()).isEqualTo(new BigDecimal("1"));
        assertThat(other.maxCost()).isEqualTo(new BigDecimal("2.50"));
        assertThat(other.json().toString()).isEqualTo("{\"priority\":\"high\",\"max_cost\":2.50}");
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

        assertThatThrownBy(() -> JobOptions.of(damaged))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining(damaged.id());
    }

    private Job job(String options) {
        return store.job(1, 1, options);
    }
}
