package io.penstock.chaos;

import io.penstock.testing.Caller;
import io.penstock.testing.Emulators;
import java.time.Duration;
import java.util.Map;
import java.util.Random;

/// The AWS engine on emulators, whose processes share the work.
final class EmulatedAws implements Engine {

    private final Emulators emulators;
    private final Map<String, String> environment;
    private final String queueUrl;
    private final int processes;

    EmulatedAws(Emulators emulators, int processes) {
        this.emulators = emulators;
        this.processes = processes;
        Emulators.Queues queues = emulators.queues("crash", Duration.ofSeconds(3), 10);
        queueUrl = queues.url();
        environment =
                emulators.environment(emulators.table("crash"), emulators.bucket("crash"), queues);
    }

    @Override
    public String name() {
        return "AWS";
    }

    @Override
    public Map<String, String> environment() {
        return environment;
    }

    @Override
    public int processes() {
        return processes;
    }

    /// The queue gives messages in any order by itself.
    @Override
    public void tamper(String job, int chunks, Random random) {
        for (int i = 0; i < 5; i++) {
            String body =
                    Caller.JSON
                            .createObjectNode()
                            .put("task", "chunk")
                            .put("job", job)
                            .put("chunk", random.nextInt(chunks))
                            .toString();
            int delay = random.nextInt(5);
            emulators
                    .sqs()
                    .sendMessage(m -> m.queueUrl(queueUrl).messageBody(body).delaySeconds(delay));
        }
    }

    @Override
    public boolean obstruct(Random random) {
        return false;
    }
}
