package io.penstock.lambda;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import io.penstock.batch.BatchConfig;
import io.penstock.batch.Worker;
import io.penstock.store.ChunkQueue;
import io.penstock.store.StoreException;
import io.penstock.store.StoreLog;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Runs the chunks that the messages of an SQS event name, all at once, and says which messages are
/// to be delivered again: AWS documentation, "Reporting batch item failures for Lambda functions
/// with an Amazon SQS trigger".
@Named("work")
@ApplicationScoped
public class WorkHandler implements RequestHandler<SQSEvent, SQSBatchResponse> {

    /// What is left of the invocation's time for what runs to come to its end and be recorded.
    private static final Duration MARGIN = Duration.ofSeconds(15);

    private final Worker worker;
    private final ChunkQueue queue;
    private final Duration lease;
    private final StoreLog storeLog;
    private final Clock clock;

    WorkHandler(
            Worker worker, ChunkQueue queue, BatchConfig config, StoreLog storeLog, Clock clock) {
        this.worker = worker;
        this.queue = queue;
        this.lease = config.lease();
        this.storeLog = storeLog;
        this.clock = clock;
    }

    @Override
    public SQSBatchResponse handleRequest(SQSEvent event, Context context) {
        Instant softStop =
                clock.instant().plusMillis(context.getRemainingTimeInMillis()).minus(MARGIN);
        event.getRecords().forEach(this::hideForALease);
        return handle(event, softStop);
    }

    /// The queue hides a message for six times the function's timeout, as Lambda asks for. If this
    /// process died before it has claimed the message's chunk, nobody else would come to it for so
    /// long; from the claim on, the worker keeps the two in step.
    private void hideForALease(SQSEvent.SQSMessage message) {
        try {
            queue.extend(message.getReceiptHandle(), lease);
        } catch (StoreException failed) {
            storeLog.failed("A message stays hidden for the queue's own time", failed.text());
        }
    }

    SQSBatchResponse handle(SQSEvent event, Instant softStop) {
        Map<String, Boolean> served = new ConcurrentHashMap<>();
        List<Thread> threads = new ArrayList<>();
        for (SQSEvent.SQSMessage message : event.getRecords()) {
            threads.add(
                    Thread.ofVirtual()
                            .name("chunk")
                            .start(() ->
                                    served.put(message.getMessageId(), serves(message, softStop))));
        }
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                threads.forEach(Thread::interrupt);
                Thread.currentThread().interrupt();
                break;
            }
        }
        return new SQSBatchResponse(
                event.getRecords().stream()
                        .map(SQSEvent.SQSMessage::getMessageId)
                        .filter(id -> !served.getOrDefault(id, false))
                        .map(SQSBatchResponse.BatchItemFailure::new)
                        .toList());
    }

    private boolean serves(SQSEvent.SQSMessage message, Instant softStop) {
        try {
            return worker.handle(message.getBody(), message.getReceiptHandle(), softStop);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
