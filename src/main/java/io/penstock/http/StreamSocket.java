package io.penstock.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.llm.Call;
import io.penstock.llm.Completion;
import io.penstock.llm.Failure;
import io.penstock.llm.Llm;
import io.quarkus.websockets.next.OnBinaryMessage;
import io.quarkus.websockets.next.OnClose;
import io.quarkus.websockets.next.OnError;
import io.quarkus.websockets.next.OnTextMessage;
import io.quarkus.websockets.next.WebSocket;
import io.quarkus.websockets.next.WebSocketConnection;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.vertx.core.buffer.Buffer;
import jakarta.enterprise.context.SessionScoped;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// `WS /stream`: prompts in, tokens out, several at once.
///
/// In: `{"prompt", "id"?, …}` or `{"cancel": id}`. Out, each with the prompt's `id` if it has one:
/// `{"token"}` … `{"done":true,"finish_reason","usage"}`, or `{"error"}`. The socket stays open
/// after an error; closing it cancels all.
///
/// One instance for each connection; each prompt runs in a virtual thread of its own, which waits
/// while the client is slow.
@WebSocket(path = "/stream")
@SessionScoped
public class StreamSocket {

    private static final Logger LOG = Logger.getLogger(StreamSocket.class);

    private static final int ID_MAX = 128;

    /// The key of the prompt that has no id; ids are not empty.
    private static final String NO_ID = "";

    private final Llm llm;
    private final PromptReader prompts;
    private final int maxStreams;
    private final WebSocketConnection connection;
    private final ConcurrentHashMap<String, Call> calls = new ConcurrentHashMap<>();

    StreamSocket(Llm llm, PromptReader prompts, HttpConfig config, WebSocketConnection connection) {
        this.llm = llm;
        this.prompts = prompts;
        this.maxStreams = config.checked().maxStreamsPerSocket();
        this.connection = connection;
    }

    /// Starts or cancels a prompt.
    @OnTextMessage
    @RunOnVirtualThread
    void onText(String message) {
        String id = null;
        try {
            Fields fields = Fields.of(message);
            String cancel = fields.text("cancel");
            if (cancel != null) {
                fields.nothingElse();
                cancel(cancel);
                return;
            }
            id = fields.text("id");
            if (id != null && (id.isEmpty() || id.length() > ID_MAX)) {
                String unfit = id;
                id = null;
                throw Problem.invalid(
                        "id",
                        "out_of_range",
                        "\"id\" has "
                                + unfit.length()
                                + " characters; it must have from 1 to "
                                + ID_MAX
                                + ".");
            }
            PromptReader.Asked asked = prompts.read(fields);
            fields.nothingElse();
            start(id, asked);
        } catch (Problem problem) {
            send(id, problem.toJson());
        }
    }

    @OnBinaryMessage
    @RunOnVirtualThread
    void onBinary(Buffer message) {
        send(
                null,
                Problem.invalid(null, "invalid_json", "Send JSON as text messages, not binary.")
                        .toJson());
    }

    /// Cancels what still runs.
    @OnClose
    void onClose() {
        calls.values().forEach(Call::cancel);
    }

    @OnError
    void onError(Throwable thrown) {
        // A send that fails means that the client is gone; closing has cancelled its calls.
        LOG.debugf("A socket ended with %s", thrown.getClass().getSimpleName());
        calls.values().forEach(Call::cancel);
    }

    private void start(@Nullable String id, PromptReader.Asked asked) {
        if (calls.size() >= maxStreams) {
            throw Problem.refused(
                    429,
                    "too_many_streams",
                    "This socket runs "
                            + maxStreams
                            + " prompts already; wait for one to end or cancel one.");
        }
        Call call =
                Call.streaming(
                        asked.prompt(), asked.limit(), delta -> send(id, Frames.token(delta)));
        String key = id == null ? NO_ID : id;
        if (calls.putIfAbsent(key, call) != null) {
            throw Problem.invalid(
                    "id",
                    "duplicate_id",
                    id == null
                            ? "A prompt without an id runs already; give each prompt an \"id\" to run"
                                    + " several at once."
                            : "A prompt with this id runs already on this socket.");
        }
        Thread.ofVirtual().name("stream").start(() -> run(id, key, call));
    }

    private void run(@Nullable String id, String key, Call call) {
        try {
            ObjectNode last =
                    switch (llm.complete(call)) {
                        case Completion completion -> Frames.done(completion);
                        case Failure failure -> Problem.of(failure).toJson();
                    };
            // Free before the last frame, so that a client may use the id again as soon as it has
            // seen that frame.
            calls.remove(key, call);
            send(id, last);
        } catch (RuntimeException gone) {
            LOG.debugf("A stream ended with %s", gone.getClass().getSimpleName());
        } finally {
            calls.remove(key, call);
        }
    }

    private void cancel(String id) {
        Call call = calls.get(id);
        if (call == null) {
            throw Problem.invalid("cancel", "unknown_id", "No prompt with this id runs here.");
        }
        call.cancel();
    }

    private void send(@Nullable String id, ObjectNode frame) {
        if (id != null) {
            frame.put("id", id);
        }
        connection.sendTextAndAwait(frame.toString());
    }
}
