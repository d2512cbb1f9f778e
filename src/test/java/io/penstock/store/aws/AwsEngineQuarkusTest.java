package io.penstock.store.aws;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.store.Chunk;
import io.penstock.store.JobStore;
import io.penstock.testing.Emulators;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.s3.S3Client;

/// The engine as the application makes it, from settings alone.
@QuarkusTest
@WithTestResource(AwsEngineQuarkusTest.Aws.class)
class AwsEngineQuarkusTest extends PenstockTest {

    @Inject AwsEngine engine;
    @Inject JobStore jobs;
    @Inject S3Client s3;

    public static class Aws implements QuarkusTestResourceLifecycleManager {

        private @Nullable Emulators emulators;

        @Override
        public Map<String, String> start() {
            Emulators started = Emulators.start();
            emulators = started;
            String name = "penstock-" + UUID.randomUUID();
            Emulators.Queues queues = started.queues(name, Duration.ofSeconds(30), 3);
            return started.settings(started.table(name), started.bucket(name), queues);
        }

        @Override
        public void stop() {
            if (emulators != null) {
                emulators.close();
            }
        }
    }

    @Test
    void filesAreSentWithoutAskingFirst() {
        assertThat(s3.serviceClientConfiguration().overrideConfiguration().executionInterceptors())
                .hasAtLeastOneElementOfType(WithoutExpect.class);
    }

    @Test
    void everyPartWorks() throws Exception {
        Chunk chunk = Chunk.of("area", 0, 0, 10, 0, 1);
        jobs.addChunks(List.of(chunk));
        engine.payloads().put("jobs/area/input.jsonl", new byte[] {'a'});
        engine.queue().send("job", List.of("hello"), Duration.ZERO);

        assertThat(jobs.chunk("area", 0)).contains(chunk);
        URI link = engine.payloads().link("jobs/area/input.jsonl", Duration.ofMinutes(1)).get();
        try (InputStream in = link.toURL().openStream()) {
            assertThat(in.readAllBytes()).asString().isEqualTo("a");
        }
        assertThat(engine.queue().receive(1, Duration.ofSeconds(5)).getFirst().body())
                .isEqualTo("hello");
        assertThat(engine.queue().receiveDead()).isEmpty();
    }
}
