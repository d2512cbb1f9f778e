package io.penstock.store;

import java.time.Duration;

/// The prompts that run for connections of a WebSocket API, so that a process can end one that runs
/// in another. Thread-safe, and safe between processes.
///
/// Every method throws [StoreException] when the store cannot be reached; trying again later makes
/// sense.
public interface StreamNotes {

    /// No notes, for a process that shares no connections with others.
    StreamNotes NONE =
            new StreamNotes() {
                @Override
                public boolean begin(Stream stream, Duration longest) {
                    return true;
                }

                @Override
                public boolean cancel(Stream stream) {
                    return false;
                }

                @Override
                public void cancelAll(String connection) {}

                @Override
                public boolean isCancelled(Stream stream) {
                    return false;
                }

                @Override
                public void end(Stream stream) {}
            };

    /// The notes among these documents; [#NONE] where one process has the documents for itself.
    static StreamNotes in(Documents documents) {
        return documents.isShared() ? new SharedNotes(documents) : NONE;
    }

    /// One prompt of a connection.
    ///
    /// @param id unique among those of the connection that run; may be empty
    record Stream(String connection, String id) {}

    /// Notes that a prompt begins.
    ///
    /// @param longest after which it has ended for certain, also if nobody says so
    /// @return false when the connection has one with this id running; nothing has changed then
    boolean begin(Stream stream, Duration longest);

    /// Asks the process that runs a prompt to end it.
    ///
    /// @return false when no process runs it
    boolean cancel(Stream stream);

    /// Asks the processes that run a connection's prompts to end them.
    void cancelAll(String connection);

    /// Whether somebody has asked to end this prompt.
    boolean isCancelled(Stream stream);

    /// Notes that a prompt has ended.
    void end(Stream stream);
}
