package io.penstock.lambda;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import io.penstock.batch.BatchConfig;
import io.penstock.batch.Shift;
import io.penstock.batch.Worker;
import io.penstock.llm.LlmConfig;
import io.penstock.store.ChunkQueue;
import io.penstock.store.StoreException;
import io.penstock.store.StoreLog;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jboss.logging.Logger;

/// Runs the chunks that the messages of an SQS event name, all at once, and says which messages are
/// to be delivered again: AWS documentation, "Reporting batch item failures for Lambda functions
/// with an Amazon SQS trigger".
@Named("work")
@ApplicationScoped
public class WorkHandler implements RequestHandler<SQSEvent, SQSBatchResponse> {

    private static final Logger LOG = Logger.getLogger(WorkHandler.class);

    private final Worker worker;
    private final ChunkQueue queue;
    private final Duration lease;
    private final Duration call;
    private final Duration commit;
    private final StoreLog storeLog;
    private final AtomicBoolean saidTooShort = new AtomicBoolean();

    WorkHandler(
            Worker worker, ChunkQueue queue, BatchConfig config, LlmConfig llm, StoreLog storeLog) {
        this.worker = worker;
        this.queue = queue;
        this.lease = config.lease();
        this.storeLog = storeLog;
        this.call = llm.timeout();
        this.commit = config.commitTime();
    }

    @Override
    public SQSBatchResponse handleRequest(SQSEvent event, Context context) {
        Duration left = Duration.ofMillis(context.getRemainingTimeInMillis());
        Shift shift = Shift.of(left, call, commit);
        if (left.minus(commit).compareTo(call) < 0 && !saidTooShort.getAndSet(true)) {
            LOG.warnf(
                    "The function's time, %s, is too short for a call of penstock.llm.timeout, %s, and"
                            + " %s to record: calls that take longer are ended and made again. Raise"
                            + " the one or lower the other.",
                    left, call, commit);
        }
        event.getRecords().forEach(this::hideForALease);
        return handle(event, shift);
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

    private SQSBatchResponse handle(SQSEvent event, Shift shift) {
        Map<String, Boolean> served = new ConcurrentHashMap<>();
        List<Thread> threads = new ArrayList<>();
        for (SQSEvent.SQSMessage message : event.getRecords()) {
            threads.add(
                    Thread.ofVirtual()
                            .name("chunk")
                            .start(() ->
                                    served.put(message.getMessageId(), serves(message, shift))));
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

    private boolean serves(SQSEvent.SQSMessage message, Shift shift) {
        try {
            return worker.handle(message.getBody(), message.getReceiptHandle(), shift);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
