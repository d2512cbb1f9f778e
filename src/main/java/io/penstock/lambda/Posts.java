package io.penstock.lambda;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.ForbiddenException;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.GoneException;

/// The frames of one prompt on their way to its connection, in their order, one message at a time.
/// Tokens that come while a message is under way, or soon after it, go into one: each message is
/// billed, takes a round trip, and counts against the account's rate. Thread-safe.
///
/// A message that the gateway has not taken, or may not have, is the last: what came after it would
/// make a text with a hole.
final class Posts implements AutoCloseable {

    private static final Logger LOG = Logger.getLogger(Posts.class);

    /// From one message to the next: as often as a reader notices.
    private static final Duration PACE = Duration.ofMillis(50);

    /// Characters of text in one message: each takes up to six bytes in JSON, and a message has 128
    /// KB at most (AWS documentation, "API Gateway quotas for WebSocket APIs").
    private static final int TEXT_MAX = 20_000;

    /// Frames that wait, each with up to [#TEXT_MAX] characters, before the provider is made to.
    private static final int WAITING_MAX = 4;

    private final Connections.Connection connection;
    private final Deque<ObjectNode> waiting = new ArrayDeque<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Thread sender;
    private boolean closed;
    private boolean broken;

    Posts(Connections.Connection connection) {
        this.connection = connection;
        this.sender = Thread.ofVirtual().name("posts").start(this::post);
    }

    /// Takes a frame and returns when there is room for the next.
    ///
    /// @throws IllegalStateException when the connection takes no more, or this thread was
    ///   interrupted, which it then still is
    void send(ObjectNode frame) {
        lock.lock();
        try {
            String text = frame.path("token").textValue();
            if (text == null) {
                add(frame);
                return;
            }
            ObjectNode last = waiting.peekLast();
            if (last != null && last.has("token") && last.path("id").equals(frame.path("id"))) {
                text = last.path("token").textValue() + text;
                waiting.removeLast();
            }
            while (text.length() > TEXT_MAX) {
                int end =
                        Character.isHighSurrogate(text.charAt(TEXT_MAX - 1))
                                ? TEXT_MAX - 1
                                : TEXT_MAX;
                add(frame.deepCopy().put("token", text.substring(0, end)));
                text = text.substring(end);
            }
            add(frame.deepCopy().put("token", text));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("The prompt was ended while its client was slow.", e);
        } finally {
            lock.unlock();
        }
    }

    private void add(ObjectNode frame) throws InterruptedException {
        while (waiting.size() >= WAITING_MAX && !broken) {
            changed.await();
        }
        if (broken) {
            throw new IllegalStateException("The connection takes no more.");
        }
        waiting.addLast(frame);
        changed.signalAll();
    }

    /// Whether the connection takes no more.
    boolean isBroken() {
        lock.lock();
        try {
            return broken;
        } finally {
            lock.unlock();
        }
    }

    /// Waits until all that was sent has been taken, or none of it will be.
    @Override
    public void close() throws InterruptedException {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        sender.join();
    }

    private void post() {
        boolean whole = false;
        try {
            whole = postAll();
        } catch (GoneException gone) {
            LOG.debug("A client has left its stream");
        } catch (ForbiddenException refused) {
            LOG.error(
                    "API Gateway refuses this function its connections: its role needs"
                            + " execute-api:ManageConnections on the WebSocket API");
        } catch (SdkException | UncheckedIOException failed) {
            LOG.warnf(
                    "A stream has ended, as a message of it did not get through: %s",
                    failed.getMessage());
        } catch (RuntimeException unforeseen) {
            LOG.errorf(unforeseen, "A stream has ended in a way that nobody foresaw");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            if (!whole) {
                stop();
            }
        }
    }

    /// @return true, when all that was sent has been taken
    private boolean postAll() throws InterruptedException {
        JsonNode frame = next();
        while (frame != null) {
            long start = System.nanoTime();
            connection.post(frame.toString());
            pace(start);
            frame = next();
        }
        return true;
    }

    private @Nullable JsonNode next() throws InterruptedException {
        lock.lock();
        try {
            while (waiting.isEmpty()) {
                if (closed) {
                    return null;
                }
                changed.await();
            }
            changed.signalAll();
            return waiting.removeFirst();
        } finally {
            lock.unlock();
        }
    }

    /// Lets tokens gather, unless there is something else to say.
    private void pace(long start) throws InterruptedException {
        lock.lock();
        try {
            long end = start + PACE.toNanos();
            long left = end - System.nanoTime();
            while (left > 0 && !closed && onlyTokensWait()) {
                changed.await(left, TimeUnit.NANOSECONDS);
                left = end - System.nanoTime();
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean onlyTokensWait() {
        return waiting.size() < 2 && (waiting.isEmpty() || waiting.getFirst().has("token"));
    }

    private void stop() {
        lock.lock();
        try {
            broken = true;
            waiting.clear();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
