package io.penstock.store;

import java.time.Duration;
import java.util.List;

/// Messages that say where to look: delivered at least once, in any order, again when they are not
/// deleted within their visibility timeout, and put aside as dead letters after too many
/// deliveries. Thread-safe.
///
/// Every method throws [StoreException] when the queue cannot be reached; trying again later makes
/// sense.
public interface ChunkQueue {

    /// The longest delay of a message (Amazon SQS, "Message quotas": 15 minutes).
    Duration MAX_DELAY = Duration.ofMinutes(15);

    /// One receipt of a message.
    ///
    /// @param receipt names this receipt to [#delete] and [#extend]
    /// @param receiveCount from 1
    record Delivery(String id, String receipt, String body, int receiveCount) {}

    /// Sends messages that become visible after `delay`; a longer one than [#MAX_DELAY] is cut.
    ///
    /// @param group of the messages; the messages of a group with few under way come before those
    ///   of a group with many
    void send(String group, List<String> bodies, Duration delay);

    /// Receives up to `max` messages, 10 at most, and waits up to `wait`, 20 s at most, for the
    /// first.
    List<Delivery> receive(int max, Duration wait) throws InterruptedException;

    /// Receives as [#receive] does, but only from groups none of whose messages are under way,
    /// where the queue can tell.
    List<Delivery> receiveFromIdleGroup(Duration wait) throws InterruptedException;

    /// How many messages wait to be received or for their delay, those of others included where the
    /// queue cannot tell: a good guess, for what is under way comes and goes.
    int waiting(String group);

    void delete(Delivery delivery);

    /// Makes a received message invisible for `timeout` from now; zero gives it back. A receipt
    /// that is no longer valid changes nothing.
    void extend(String receipt, Duration timeout);

    /// Receives up to 10 dead letters, without waiting.
    List<Delivery> receiveDead() throws InterruptedException;

    void deleteDead(Delivery delivery);
}
