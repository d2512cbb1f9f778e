package io.penstock.store.aws;

import io.penstock.store.ChunkQueue;
import io.penstock.store.StoreException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.BatchResultErrorEntry;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageNotInflightException;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.ReceiptHandleIsInvalidException;
import software.amazon.awssdk.services.sqs.model.ReceiveMessageRequest;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.SqsException;

/// A standard queue of Amazon SQS with its dead-letter queue. Visibility timeout and redrive policy
/// are the queue's own.
///
/// A wait of less than a second counts as a second, since a look without any wait asks only some of
/// SQS's servers ("Amazon SQS short and long polling").
final class SqsQueue implements ChunkQueue {

    /// Messages in one request (API reference of SendMessageBatch).
    private static final int BATCH = 10;

    /// Bytes in one request, all bodies together (same page: 1 MiB).
    private static final int BATCH_BYTES = 1024 * 1024;

    private static final Duration MAX_WAIT = Duration.ofSeconds(20);

    /// How long an answer may take besides the wait that was asked for.
    private static final Duration ANSWER = Duration.ofSeconds(3);

    /// The longest visibility timeout ("Amazon SQS visibility timeout").
    private static final Duration MAX_VISIBILITY = Duration.ofHours(12);

    private static final List<QueueAttributeName> WAITING =
            List.of(
                    QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES,
                    QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_DELAYED);

    private final SqsClient client;
    private final String url;
    private final String deadUrl;
    private final Duration visibility;

    /// @param visibility of what is received here: the queue's own is meant for functions, and too
    ///   long where the answer to a dying process is lost
    SqsQueue(SqsClient client, String url, String deadUrl, Duration visibility) {
        this.client = client;
        this.url = url;
        this.deadUrl = deadUrl;
        this.visibility = visibility;
    }

    @Override
    public void send(String group, List<String> bodies, Duration delay) {
        int seconds = seconds(delay, MAX_DELAY);
        List<SendMessageBatchRequestEntry> batch = new ArrayList<>();
        long bytes = 0;
        for (String body : bodies) {
            int size = body.getBytes(StandardCharsets.UTF_8).length;
            if (batch.size() == BATCH || (!batch.isEmpty() && bytes + size > BATCH_BYTES)) {
                sendBatch(batch);
                batch = new ArrayList<>();
                bytes = 0;
            }
            batch.add(
                    SendMessageBatchRequestEntry.builder()
                            .id(Integer.toString(batch.size()))
                            .messageBody(body)
                            // On a standard queue this asks for fairness, not for order (Amazon
                            // SQS, "Fair queues").
                            .messageGroupId(group)
                            .delaySeconds(seconds)
                            .build());
            bytes += size;
        }
        if (!batch.isEmpty()) {
            sendBatch(batch);
        }
    }

    @Override
    public List<Delivery> receive(int max, Duration wait) throws InterruptedException {
        return receive(
                url,
                request ->
                        request.maxNumberOfMessages(Math.clamp(max, 1, BATCH))
                                .visibilityTimeout(seconds(visibility, MAX_VISIBILITY)),
                seconds(wait, MAX_WAIT));
    }

    /// SQS itself lets the messages of other groups pass those of one that has many under way.
    @Override
    public List<Delivery> receiveFromIdleGroup(Duration wait) throws InterruptedException {
        return receive(1, wait);
    }

    /// SQS counts all messages together, and by a minute late at worst (API reference of
    /// GetQueueAttributes).
    @Override
    public int waiting(String group) {
        return Aws.call(
                        name(url),
                        () ->
                                client.getQueueAttributes(
                                        q -> q.queueUrl(url).attributeNames(WAITING)))
                .attributes()
                .values()
                .stream()
                .mapToInt(Integer::parseInt)
                .sum();
    }

    @Override
    public void delete(Delivery delivery) {
        delete(url, delivery);
    }

    @Override
    public void extend(String receipt, Duration timeout) {
        aboutReceipt(
                url,
                () ->
                        client.changeMessageVisibility(c ->
                                c.queueUrl(url)
                                        .receiptHandle(receipt)
                                        .visibilityTimeout(seconds(timeout, MAX_VISIBILITY))));
    }

    /// A look asks only some of SQS's servers, so it may miss what the next one finds.
    @Override
    public List<Delivery> receiveDead() throws InterruptedException {
        return receive(deadUrl, request -> request.maxNumberOfMessages(BATCH), 0);
    }

    @Override
    public void deleteDead(Delivery delivery) {
        delete(deadUrl, delivery);
    }

    private void sendBatch(List<SendMessageBatchRequestEntry> batch) {
        List<SendMessageBatchRequestEntry> left = batch;
        for (int attempt = 1; ; attempt++) {
            List<SendMessageBatchRequestEntry> entries = left;
            List<BatchResultErrorEntry> failed =
                    Aws.call(
                                    name(url),
                                    () ->
                                            client.sendMessageBatch(
                                                    s -> s.queueUrl(url).entries(entries)))
                            .failed();
            if (failed.isEmpty()) {
                return;
            }
            BatchResultErrorEntry first = failed.getFirst();
            if (attempt == Aws.ATTEMPTS || failed.stream().anyMatch(entry -> entry.senderFault())) {
                throw new StoreException(
                        name(url)
                                + ": "
                                + failed.size()
                                + " messages were not taken, the first because of "
                                + first.code());
            }
            Set<String> again = new HashSet<>();
            failed.forEach(entry -> again.add(entry.id()));
            left = entries.stream().filter(entry -> again.contains(entry.id())).toList();
            Aws.pause(name(url), attempt);
        }
    }

    private List<Delivery> receive(
            String from, Consumer<ReceiveMessageRequest.Builder> how, int wait)
            throws InterruptedException {
        try {
            return Aws.call(name(from), () -> client.receiveMessage(request(from, how, wait)))
                    .messages()
                    .stream()
                    .map(SqsQueue::delivery)
                    .toList();
        } catch (StoreException e) {
            // The SDK reports an interrupt in several ways and leaves the thread's flag set.
            if (Thread.interrupted()) {
                InterruptedException interrupted = new InterruptedException();
                interrupted.initCause(e);
                throw interrupted;
            }
            throw e;
        }
    }

    private static ReceiveMessageRequest request(
            String from, Consumer<ReceiveMessageRequest.Builder> how, int wait) {
        return ReceiveMessageRequest.builder()
                .queueUrl(from)
                .waitTimeSeconds(wait)
                .applyMutation(how)
                // The client's bounds are meant for requests that do not wait.
                .overrideConfiguration(o ->
                        o.apiCallAttemptTimeout(ANSWER.plusSeconds(wait))
                                .apiCallTimeout(ANSWER.multipliedBy(2).plusSeconds(wait)))
                .messageSystemAttributeNames(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT)
                .build();
    }

    private static Delivery delivery(Message message) {
        String count =
                message.attributes().get(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT);
        return new Delivery(
                message.messageId(),
                message.receiptHandle(),
                message.body(),
                count == null ? 1 : Integer.parseInt(count));
    }

    private void delete(String from, Delivery delivery) {
        aboutReceipt(
                from,
                () ->
                        client.deleteMessage(
                                d -> d.queueUrl(from).receiptHandle(delivery.receipt())));
    }

    /// Makes a request about a receipt. It has no effect when the receipt is no longer valid: the
    /// message is deleted, visible again, or was received by another.
    private static void aboutReceipt(String url, Supplier<?> call) {
        Aws.call(
                name(url),
                () -> {
                    try {
                        return call.get();
                    } catch (MessageNotInflightException | ReceiptHandleIsInvalidException e) {
                        return e;
                    } catch (SqsException e) {
                        // "The receipt handle has expired", for example: everything else in these
                        // requests is checked before.
                        if (Aws.code(e).equals("InvalidParameterValue")) {
                            return e;
                        }
                        throw e;
                    }
                });
    }

    private static String name(String url) {
        return "queue " + url;
    }

    private static int seconds(Duration duration, Duration max) {
        if (duration.isNegative()) {
            return 0;
        }
        Duration bounded = duration.compareTo(max) > 0 ? max : duration;
        return Math.toIntExact(bounded.plusSeconds(1).minusNanos(1).toSeconds());
    }
}
