package io.penstock.testing.lambda;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.testing.Caller;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;

/// An event source mapping from an SQS queue to a function, with `ReportBatchItemFailures`: AWS
/// documentation, "Using Lambda with Amazon SQS" and "Implementing partial batch responses". It
/// deletes messages only after the function's answer, and never touches their visibility.
public final class EventSource implements AutoCloseable {

    /// Messages in one receipt (API reference of ReceiveMessage).
    private static final int BATCH_MAX = 10;

    /// Between questions to a queue that does not answer.
    private static final Duration AWAY = Duration.ofMillis(200);

    private final SqsClient sqs;
    private final String queueUrl;
    private final LocalFunction function;
    private final int batchSize;
    private final List<Thread> pollers = new ArrayList<>();
    private volatile boolean closed;

    /// @param batchSize messages in one event, at most 10
    /// @param maximumConcurrency invocations at once
    public EventSource(
            SqsClient sqs,
            String queueUrl,
            LocalFunction function,
            int batchSize,
            int maximumConcurrency) {
        if (batchSize < 1 || batchSize > BATCH_MAX) {
            throw new IllegalArgumentException("A batch of " + batchSize);
        }
        this.sqs = sqs;
        this.queueUrl = queueUrl;
        this.function = function;
        this.batchSize = batchSize;
        for (int i = 0; i < maximumConcurrency; i++) {
            pollers.add(Thread.ofVirtual().name("poller-", i).start(this::poll));
        }
    }

    private void poll() {
        boolean there = true;
        while (!closed) {
            try {
                if (!there) {
                    Thread.sleep(AWAY);
                }
                List<Message> messages = receive();
                there = true;
                if (!messages.isEmpty()) {
                    delete(served(messages, function.invoke(event(messages).toString())));
                }
            } catch (SdkException away) {
                // A message that is not deleted comes again.
                there = false;
            } catch (InterruptedException _) {
                return;
            }
        }
    }

    private List<Message> receive() {
        return sqs.receiveMessage(r ->
                        r.queueUrl(queueUrl)
                                .maxNumberOfMessages(batchSize)
                                .waitTimeSeconds(1)
                                .messageSystemAttributeNames(MessageSystemAttributeName.ALL))
                .messages();
    }

    /// "Example Amazon SQS message event".
    private ObjectNode event(List<Message> messages) {
        ObjectNode event = Caller.JSON.createObjectNode();
        ArrayNode records = event.putArray("Records");
        for (Message message : messages) {
            ObjectNode record =
                    records.addObject()
                            .put("messageId", message.messageId())
                            .put("receiptHandle", message.receiptHandle())
                            .put("body", message.body());
            ObjectNode attributes = record.putObject("attributes");
            message.attributes().forEach((name, value) -> attributes.put(name.toString(), value));
            record.putObject("messageAttributes");
            record.put("md5OfBody", message.md5OfBody())
                    .put("eventSource", "aws:sqs")
                    .put(
                            "eventSourceARN",
                            "arn:aws:sqs:eu-central-1:123456789012:"
                                    + queueUrl.substring(queueUrl.lastIndexOf('/') + 1))
                    .put("awsRegion", "eu-central-1");
        }
        return event;
    }

    /// The messages that are not to come again.
    private static List<Message> served(List<Message> messages, Outcome outcome) {
        if (!(outcome instanceof Outcome.Answered(String body))) {
            return List.of();
        }
        Set<String> failed = failed(body);
        Map<String, Message> left = new HashMap<>();
        messages.forEach(message -> left.put(message.messageId(), message));
        if (failed == null || !left.keySet().containsAll(failed)) {
            return List.of();
        }
        left.keySet().removeAll(failed);
        return List.copyOf(left.values());
    }

    /// The ids that an answer names.
    ///
    /// @return null when the answer counts as the failure of all ("Success and failure conditions")
    static @Nullable Set<String> failed(String body) {
        if (body.isBlank()) {
            return Set.of();
        }
        try {
            JsonNode answer = Caller.JSON.readTree(body);
            JsonNode failures = answer.path("batchItemFailures");
            if (answer.isNull() || failures.isMissingNode() || failures.isNull()) {
                return answer.isNull() || answer.isObject() ? Set.of() : null;
            }
            if (!failures.isArray()) {
                return null;
            }
            Set<String> ids = new HashSet<>();
            for (JsonNode failure : failures) {
                String id = failure.path("itemIdentifier").textValue();
                if (id == null || id.isEmpty()) {
                    return null;
                }
                ids.add(id);
            }
            return ids;
        } catch (JsonProcessingException notJson) {
            return null;
        }
    }

    private void delete(List<Message> served) {
        if (served.isEmpty()) {
            return;
        }
        List<DeleteMessageBatchRequestEntry> entries = new ArrayList<>();
        for (Message message : served) {
            entries.add(
                    DeleteMessageBatchRequestEntry.builder()
                            .id(Integer.toString(entries.size()))
                            .receiptHandle(message.receiptHandle())
                            .build());
        }
        sqs.deleteMessageBatch(d -> d.queueUrl(queueUrl).entries(entries));
    }

    @Override
    public void close() {
        closed = true;
        pollers.forEach(Thread::interrupt);
    }
}
