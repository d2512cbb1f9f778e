package io.penstock.lambda;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Caller;
import io.penstock.testing.Door;
import io.penstock.testing.Function;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The alarms in AWS that count lines of the log look for what the log says.
class AlarmsIT {

    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final Pattern TERM = Pattern.compile("\"([^\"]+)\"");

    @TempDir Path directory;

    @Test
    void aJobThatStandsStill() throws Exception {
        check("JobsStalled", "[[sim gate=alarms]]");
    }

    @Test
    void aJobThatIsParked() throws Exception {
        check("JobsParked", "[[sim fault=quota]]");
    }

    /// @param name of the metric whose filter has to find a line
    private void check(String name, String marker) throws Exception {
        try (SimulatedProvider provider =
                        SimulatedProvider.start(SimulatedProvider.Options.defaults());
                Function function =
                        new Function(
                                Map.of(
                                        "OPENAI_BASE_URL", provider.baseUrl(),
                                        "OPENAI_API_KEY", "alarms",
                                        "PENSTOCK_STORE_DIRECTORY", directory.toString(),
                                        "PENSTOCK_BATCH_WORKERS", "1",
                                        "PENSTOCK_BATCH_SWEEP_EVERY", "100ms",
                                        "PENSTOCK_BATCH_STALLED_AFTER", "1s"))) {
            ObjectNode batch = Caller.JSON.createObjectNode();
            batch.putArray("prompts").add(marker);

            Door.Raw answer = function.call("POST", "/batch", "application/json", batch.toString());

            assertThat(answer.status()).isEqualTo(202);
            String id = Caller.parse(answer.body()).path("job_id").asText();
            List<String> terms = terms(name);
            assertThat(terms).hasSizeGreaterThan(1);
            long end = System.nanoTime() + LIMIT_NANOS;
            while (function.log()
                    .lines()
                    .noneMatch(
                            line -> line.contains(id) && terms.stream().allMatch(line::contains))) {
                assertThat(System.nanoTime()).as(function.log()).isLessThan(end);
                new CountDownLatch(1).await(50, TimeUnit.MILLISECONDS);
            }
        }
    }

    /// What a line has to contain, all of it: AWS documentation, "Filter pattern syntax for metric
    /// filters", matches terms without a JSON or space-delimited pattern so.
    private static List<String> terms(String metric) throws IOException {
        JsonNode resources =
                Caller.JSON.readTree(new File("infra", "template.json")).path("Resources");
        List<String> terms = new ArrayList<>();
        for (JsonNode resource : resources) {
            JsonNode properties = resource.path("Properties");
            if (resource.path("Type").asText().equals("AWS::Logs::MetricFilter")
                    && properties
                            .path("MetricTransformations")
                            .path(0)
                            .path("MetricName")
                            .asText()
                            .equals(metric)) {
                Matcher term = TERM.matcher(properties.path("FilterPattern").asText());
                while (term.find()) {
                    terms.add(term.group(1));
                }
            }
        }
        return terms;
    }
}
