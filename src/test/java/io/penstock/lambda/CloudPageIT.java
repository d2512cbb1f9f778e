package io.penstock.lambda;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.dev.SimulatedProvider;
import io.penstock.pages.Examples;
import io.penstock.pages.Page;
import io.penstock.testing.Batch;
import io.penstock.testing.Caller;
import io.penstock.testing.Emulators;
import io.penstock.testing.lambda.Cloud;
import io.penstock.testing.lambda.CloudMain;
import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What `infra/README.md` says of the cloud on one machine: as `./mvnw verify -Pcloud` starts it,
/// but on free ports.
class CloudPageIT {

    @Test
    void itsCommandsPrintWhatThePageSays() {
        try (SimulatedProvider simulated =
                        SimulatedProvider.start(SimulatedProvider.Options.defaults());
                Emulators emulators = Emulators.start();
                Cloud cloud =
                        CloudMain.cloud(
                                emulators,
                                CloudMain.variables(Map.of(), simulated::baseUrl),
                                0,
                                0)) {
            warm(cloud);

            int count =
                    new Examples(cloud.httpUrl(), URI.create(simulated.baseUrl()))
                            .run(Page.of("infra/README.md"));

            assertThat(count).as(cloud.log()).isPositive();
        }
    }

    @Test
    void aProviderOfOnesOwnIsNotReplaced() {
        Map<String, String> mine =
                Map.of("OPENAI_BASE_URL", "http://localhost:11434/v1", "HOME", "/root");

        assertThat(CloudMain.variables(mine, () -> "http://simulated"))
                .isEqualTo(Map.of("OPENAI_BASE_URL", "http://localhost:11434/v1"));
    }

    /// A first process takes seconds to start, and longer beside others; a gateway does not wait so
    /// long.
    private static void warm(Cloud cloud) {
        int status = 0;
        for (int i = 0; i < 10 && status != 200; i++) {
            status = cloud.call("GET", "/q/health/live", "application/json", "").status();
        }
        assertThat(status).as(cloud.log()).isEqualTo(200);
        Caller caller = new Caller(cloud.httpUrl());
        Batch.of(caller, Batch.submit(caller, "{\"prompts\":[\"warm\"]}")).awaitStatus("completed");
    }
}
