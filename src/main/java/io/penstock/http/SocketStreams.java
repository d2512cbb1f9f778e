package io.penstock.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.llm.Call;
import io.penstock.llm.Completion;
import io.penstock.llm.Failure;
import io.penstock.llm.Llm;
import io.penstock.llm.PromptReader;
import io.quarkus.websockets.next.WebSocketConnection;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// The prompts that run on one socket. Thread-safe.
final class SocketStreams {

    private static final Logger LOG = Logger.getLogger(SocketStreams.class);

    private static final int ID_MAX = 128;

    /// The key of the prompt that has no id; ids are not empty.
    private static final String NO_ID = "";

    private final WebSocketConnection connection;
    private final Llm llm;
    private final int max;
    private final Bodies bodies;
    private final ConcurrentHashMap<String, Call> calls = new ConcurrentHashMap<>();

    private volatile boolean closed;

    SocketStreams(WebSocketConnection connection, Llm llm, Bodies bodies, int max) {
        this.bodies = bodies;
        this.connection = connection;
        this.llm = llm;
        this.max = max;
    }

    /// @throws Problem when the id is empty or too long
    static @Nullable String fit(@Nullable String id) {
        if (id != null && (id.isEmpty() || id.length() > ID_MAX)) {
            throw Problem.invalid(
                    "id",
                    "out_of_range",
                    "\"id\" has "
                            + id.length()
                            + " characters; it must have from 1 to "
                            + ID_MAX
                            + ".");
        }
        return id;
    }

    /// @param size of the message, in characters
    /// @throws Problem when the id is in use, or there is no room for another prompt
    void start(@Nullable String id, PromptReader.Asked asked, int size) {
        if (calls.size() >= max) {
            throw Problem.refused(
                    429,
                    "too_many_streams",
                    "This socket runs "
                            + max
                            + " prompts already; wait for one to end or cancel one.");
        }
        Call call =
                Call.streaming(
                        asked.prompt(), asked.limit(), delta -> send(id, Frames.token(delta)));
        if (calls.putIfAbsent(key(id), call) != null) {
            throw Problem.invalid(
                    "id",
                    "duplicate_id",
                    id == null
                            ? "A prompt without an id runs already; give each an \"id\" to run several at"
                                    + " once."
                            : "A prompt with this id runs already on this socket.");
        }
        Bodies.Hold hold = bodies.hold(size);
        if (hold == null) {
            calls.remove(key(id), call);
            throw Bodies.noRoom();
        }
        if (closed) {
            // The socket closed between its last message and now; nobody else would cancel this
            // call.
            call.cancel();
        }
        Thread.ofVirtual().name("stream").start(() -> run(id, call, hold));
    }

    /// @throws Problem when no prompt has this id
    void cancel(String id) {
        Call call = calls.get(id);
        if (call == null) {
            throw Problem.invalid("cancel", "unknown_id", "No prompt with this id runs here.");
        }
        call.cancel();
    }

    void cancelAll() {
        closed = true;
        calls.values().forEach(Call::cancel);
    }

    /// Waits until the client has taken the frame.
    void send(@Nullable String id, ObjectNode frame) {
        if (id != null) {
            frame.put("id", id);
        }
        connection.sendTextAndAwait(frame.toString());
    }

    private void run(@Nullable String id, Call call, Bodies.Hold hold) {
        try (hold) {
            ObjectNode last =
                    switch (llm.complete(call)) {
                        case Completion completion -> Frames.done(completion);
                        case Failure failure -> Problem.of(failure).toJson();
                    };
            // Free before the last frame, so that a client may use the id again once it has seen
            // that frame.
            calls.remove(key(id), call);
            send(id, last);
        } catch (RuntimeException gone) {
            LOG.debugf("A stream ended with %s", gone.getClass().getSimpleName());
        } finally {
            calls.remove(key(id), call);
        }
    }

    private static String key(@Nullable String id) {
        return id == null ? NO_ID : id;
    }
}
