package io.penstock.chaos;

import io.penstock.testing.Caller;
import io.penstock.testing.Emulators;
import io.penstock.testing.FaultyProxy;
import io.penstock.testing.FaultyProxy.Fault;
import io.penstock.testing.SlowStore;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// The AWS engine on emulators, whose processes share the work and reach each service through a
/// proxy that spoils requests. The tests' own clients do not.
final class EmulatedAws implements Engine, AutoCloseable {

    private final Emulators emulators;
    private final Map<String, String> environment;
    private final String queueUrl;
    private final int processes;
    private final FaultyProxy dynamo;
    private final FaultyProxy s3;
    private final FaultyProxy sqs;
    private final List<SlowStore> slow = new ArrayList<>();

    /// As slow as the real services are, where that is asked for.
    private static final boolean IS_SLOW = Boolean.getBoolean("penstock.chaos.slow");

    private static final Duration DYNAMO = Duration.ofMillis(5);
    private static final Duration S3 = Duration.ofMillis(15);

    /// @param rate which part of the requests is spoilt at all times, from 0 to 1
    EmulatedAws(Emulators emulators, String name, int processes, long seed, double rate) {
        this.emulators = emulators;
        this.processes = processes;
        Emulators.Queues queues = emulators.queues(name, Duration.ofSeconds(3), 10);
        queueUrl = queues.url();
        dynamo = new FaultyProxy(slow(emulators.dynamoEndpoint(), DYNAMO), seed, rate);
        s3 = new FaultyProxy(slow(emulators.s3Endpoint(), S3), seed + 1, rate);
        sqs = new FaultyProxy(emulators.sqsEndpoint(), seed + 2, rate);
        Map<String, String> proxied =
                new HashMap<>(
                        emulators.environment(
                                emulators.table(name), emulators.bucket(name), queues));
        proxied.put("PENSTOCK_STORE_VISIBILITY", "3s");
        proxied.put("QUARKUS_DYNAMODB_ENDPOINT_OVERRIDE", dynamo.endpoint().toString());
        proxied.put("QUARKUS_S3_ENDPOINT_OVERRIDE", s3.endpoint().toString());
        proxied.put("QUARKUS_SQS_ENDPOINT_OVERRIDE", sqs.endpoint().toString());
        environment = Map.copyOf(proxied);
    }

    private URI slow(URI service, Duration latency) {
        if (!IS_SLOW) {
            return service;
        }
        slow.add(new SlowStore(service, latency));
        return slow.getLast().endpoint();
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
    public Duration lease() {
        return Duration.ofSeconds(5);
    }

    /// The SDK pauses for up to a second after a 503.
    @Override
    public Duration slowWrite() {
        return Duration.ofSeconds(2);
    }

    @Override
    public Duration callTimeout() {
        return Duration.ofSeconds(5);
    }

    @Override
    public int processes() {
        return processes;
    }

    FaultyProxy dynamo() {
        return dynamo;
    }

    FaultyProxy s3() {
        return s3;
    }

    FaultyProxy sqs() {
        return sqs;
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

    /// One of the services, or all, away or spoiling what it is asked.
    @Override
    public String obstruct(Random random, List<Long> pids) throws InterruptedException {
        List<FaultyProxy> all = List.of(dynamo, s3, sqs);
        int which = random.nextInt(all.size() + 1);
        List<FaultyProxy> some = which == all.size() ? all : List.of(all.get(which));
        Fault[] faults = Fault.values();
        int how = random.nextInt(faults.length + 1);
        some.forEach(proxy -> {
            if (how == faults.length) {
                proxy.beginMix();
            } else {
                proxy.begin(faults[how]);
            }
        });
        // The fault lasts as long as this waits.
        new CountDownLatch(1).await(1_000 + random.nextInt(1_000), TimeUnit.MILLISECONDS);
        some.forEach(FaultyProxy::end);
        return (which == all.size() ? "all" : List.of("DynamoDB", "S3", "SQS").get(which))
                + " "
                + (how == faults.length ? "MIX" : faults[how]);
    }

    @Override
    public String spoilt() {
        return "DynamoDB " + dynamo.counts() + ", S3 " + s3.counts() + ", SQS " + sqs.counts();
    }

    @Override
    public void close() {
        dynamo.close();
        s3.close();
        sqs.close();
        slow.forEach(SlowStore::close);
    }
}
