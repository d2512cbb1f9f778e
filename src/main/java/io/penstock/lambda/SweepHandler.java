package io.penstock.lambda;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import io.penstock.batch.DeadLetters;
import io.penstock.batch.Sweep;
import io.penstock.store.StoreException;
import io.penstock.store.StoreLog;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jboss.logging.Logger;

/// Sweeps when a schedule says so, and looks at the dead letters of an SQS event. Any event without
/// records is a schedule's.
@Named("sweep")
@ApplicationScoped
public class SweepHandler implements RequestHandler<SQSEvent, SQSBatchResponse> {

    private static final Logger LOG = Logger.getLogger(SweepHandler.class);

    private final Sweep sweep;
    private final DeadLetters deadLetters;
    private final StoreLog storeLog;

    SweepHandler(Sweep sweep, DeadLetters deadLetters, StoreLog storeLog) {
        this.sweep = sweep;
        this.deadLetters = deadLetters;
        this.storeLog = storeLog;
    }

    @Override
    public SQSBatchResponse handleRequest(SQSEvent event, Context context) {
        List<SQSBatchResponse.BatchItemFailure> failures = new ArrayList<>();
        try {
            if (event.getRecords() == null) {
                // The rest is for what it is at when the time is up.
                sweep.sweep(Duration.ofMillis(context.getRemainingTimeInMillis() * 4L / 5));
                return new SQSBatchResponse(failures);
            }
            for (SQSEvent.SQSMessage letter : event.getRecords()) {
                if (!buried(letter)) {
                    failures.add(new SQSBatchResponse.BatchItemFailure(letter.getMessageId()));
                }
            }
            return new SQSBatchResponse(failures);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted", e);
        }
    }

    private boolean buried(SQSEvent.SQSMessage letter) throws InterruptedException {
        try {
            deadLetters.bury(letter.getBody());
            return true;
        } catch (StoreException failed) {
            storeLog.failed("A dead letter is left for later", failed.text());
        } catch (RuntimeException unforeseen) {
            LOG.errorf(unforeseen, "A dead letter failed in a way that nobody foresaw");
        }
        return false;
    }
}
