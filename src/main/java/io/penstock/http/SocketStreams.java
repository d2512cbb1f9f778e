package io.penstock.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.access.KeyAccount;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import io.penstock.json.Json;
import io.penstock.llm.Call;
import io.penstock.llm.Completion;
import io.penstock.llm.Failure;
import io.penstock.llm.Llm;
import io.penstock.llm.PromptReader;
import io.penstock.store.StoreException;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// The prompts that run on one socket: takes its messages, and sends the frames that answer them.
/// Each prompt runs in a virtual thread of its own, which waits while the client is slow.
///
/// In: `{"prompt", "id"?, …}` or `{"cancel": id}`. Out, each with the prompt's `id`, a text or a
/// number as it came, if it has one: `{"token"}` … `{"done":true,"finish_reason","usage"}`, or
/// `{"error"}`.
///
/// Made by [Sockets]. Thread-safe.
public final class SocketStreams {

    private static final Logger LOG = Logger.getLogger(SocketStreams.class);

    private static final Set<String> CANCEL_FIELDS = Set.of("cancel");

    private static final Set<String> PROMPT_FIELDS =
            Stream.concat(Stream.of("id"), PromptReader.FIELDS.stream())
                    .collect(Collectors.toUnmodifiableSet());

    private static final int ID_MAX = 128;

    /// Characters of a message that is parsed before it is counted: a cancellation is to come
    /// through also where there is no room.
    private static final int SMALL = 64 * 1024;

    /// The key of the prompt that has no id; ids are not empty.
    private static final String NO_ID = "";

    /// The prompts that run on the same socket in other processes. Prompts without an id have an
    /// empty one here.
    public interface OtherProcesses {

        /// Notes that a prompt begins here.
        ///
        /// @return false when one with this id runs in any process
        boolean begins(String id);

        /// Ends a prompt that runs in another process.
        ///
        /// @return false when none does
        boolean cancel(String id);

        /// Notes that a prompt has ended here.
        void ended(String id);
    }

    /// What every socket of one process has in common.
    record Shared(Llm llm, PromptReader prompts, Bodies bodies, int max) {}

    private final Shared shared;
    private final Consumer<ObjectNode> client;
    private final @Nullable OtherProcesses elsewhere;
    private final @Nullable Duration longest;
    private final @Nullable KeyAccount account;
    private final ConcurrentHashMap<String, Call> calls = new ConcurrentHashMap<>();

    private final Set<Thread> running = ConcurrentHashMap.newKeySet();

    private volatile boolean closed;

    /// @param client takes a frame and returns when there is room for the next; what it throws ends
    ///   the prompt
    /// @param elsewhere null where one process has all of a socket's prompts
    /// @param longest bounds each prompt; null for no further bound
    /// @param account on which the prompts are; null where callers need no key
    SocketStreams(
            Shared shared,
            Consumer<ObjectNode> client,
            @Nullable OtherProcesses elsewhere,
            @Nullable Duration longest,
            @Nullable KeyAccount account) {
        this.account = account;
        this.shared = shared;
        this.client = client;
        this.elsewhere = elsewhere;
        this.longest = longest;
    }

    /// Starts or cancels a prompt, or tells the client why not.
    public void take(String message) {
        JsonNode id = null;
        Bodies.Hold early = null;
        boolean isTaken = false;
        try {
            if (message.length() > SMALL) {
                // Before it is parsed: its tree may be larger than the message.
                early = hold(message.length());
                early.resize(message.length() + Json.treeBytes(message.getBytes(UTF_8)));
            }
            Fields fields = Fields.of(message);
            if (fields.has("cancel")) {
                id = fields.label("cancel");
                fields.only(CANCEL_FIELDS);
                cancel(key(id));
                return;
            }
            id = fields.label("id");
            requireFit(id);
            requireText(message);
            PromptReader.Asked asked = shared.prompts.read(fields.only(PROMPT_FIELDS));
            isTaken = true;
            start(id, asked, early != null ? early : hold(message.length()));
        } catch (InvalidRequest invalid) {
            send(id != null ? id : Json.label(message, "id"), Problem.of(invalid).toJson());
        } catch (ProblemException refused) {
            send(id != null ? id : Json.label(message, "id"), refused.problem().toJson());
        } catch (RuntimeException unforeseen) {
            // Thrown on, it would end the socket with all its prompts.
            LOG.error("A message failed in a way that nobody foresaw", unforeseen);
            send(id, Problem.internal().toJson());
        } finally {
            if (early != null && !isTaken) {
                early.close();
            }
        }
    }

    private Bodies.Hold hold(long bytes) {
        Bodies.Hold hold = shared.bodies.hold(bytes);
        if (hold == null) {
            throw Bodies.noRoom();
        }
        return hold;
    }

    /// Tells the client that its message was none.
    public void takeBinary() {
        send(
                null,
                Problem.invalid(null, "invalid_json", "Send JSON as text, not binary.").toJson());
    }

    /// Ends all prompts; those that are still to begin end at once.
    public void cancelAll() {
        closed = true;
        calls.values().forEach(Call::cancel);
    }

    /// Waits until all prompts that were taken have ended.
    ///
    /// @return false when one still runs after `limit`
    public boolean await(Duration limit) throws InterruptedException {
        Instant latest = Instant.now().plus(limit);
        for (Thread thread : running) {
            Duration left = Duration.between(Instant.now(), latest);
            if (!thread.join(left.isPositive() ? left : Duration.ofNanos(1))) {
                return false;
            }
        }
        return true;
    }

    /// @throws ProblemException when the id is empty or too long
    private static void requireFit(@Nullable JsonNode id) {
        int length = id == null ? 1 : id.asText().length();
        if (length < 1 || length > ID_MAX) {
            throw Problem.invalid(
                            "id",
                            "out_of_range",
                            "\"id\" has "
                                    + length
                                    + " characters; it must have from 1 to "
                                    + ID_MAX
                                    + ".")
                    .exception();
        }
    }

    /// What comes here was decoded already, with U+FFFD wherever the bytes were not UTF-8, and
    /// nothing tells that from the character itself.
    private static void requireText(String message) {
        int at = message.indexOf('\ufffd');
        if (at >= 0) {
            throw InvalidRequest.of(
                    null,
                    "invalid_json",
                    "The message is not valid UTF-8 at character "
                            + (at + 1)
                            + ", or has U+FFFD there; send UTF-8, and that character as \\ufffd.");
        }
    }

    /// @param hold is closed when the prompt has ended, or does not begin
    /// @throws ProblemException when the id is in use, or too many run
    private void start(@Nullable JsonNode id, PromptReader.Asked asked, Bodies.Hold hold) {
        boolean started = false;
        try {
            begin(id, asked, hold);
            started = true;
        } finally {
            if (!started) {
                hold.close();
            }
        }
    }

    private void begin(@Nullable JsonNode id, PromptReader.Asked asked, Bodies.Hold hold) {
        if (calls.size() >= shared.max) {
            throw Problem.refused(
                            429,
                            "too_many_streams",
                            "This socket runs "
                                    + shared.max
                                    + " prompts already; wait for one to end or cancel one.")
                    .exception();
        }
        Call call =
                Call.streaming(
                        asked.prompt(),
                        bounded(asked.limit()),
                        delta -> send(id, Frames.token(delta)));
        if (calls.putIfAbsent(key(id), call) != null) {
            throw duplicate(id);
        }
        boolean started = false;
        try {
            if (!beginsHereAlone(id)) {
                throw duplicate(id);
            }
            started = true;
        } finally {
            if (!started) {
                calls.remove(key(id), call);
            }
        }
        if (closed) {
            // The socket closed between its last message and now; nobody else would cancel this
            // call.
            call.cancel();
        }
        Thread thread = Thread.ofVirtual().name("stream").unstarted(() -> run(id, call, hold));
        running.add(thread);
        thread.start();
    }

    /// @throws ProblemException when the other processes cannot be asked
    private boolean beginsHereAlone(@Nullable JsonNode id) {
        try {
            return elsewhere == null || elsewhere.begins(key(id));
        } catch (StoreException _) {
            throw Problem.storeUnavailable().exception();
        }
    }

    private static ProblemException duplicate(@Nullable JsonNode id) {
        return Problem.invalid(
                        "id",
                        "duplicate_id",
                        id == null
                                ? "A prompt without an id runs already; give each an \"id\" to run several at"
                                        + " once."
                                : "A prompt with this id runs already on this socket.")
                .exception();
    }

    private @Nullable Duration bounded(@Nullable Duration asked) {
        return longest == null || (asked != null && asked.compareTo(longest) < 0) ? asked : longest;
    }

    /// @throws ProblemException when no prompt has this id
    private void cancel(String id) {
        Call call = calls.get(id);
        if (call != null) {
            call.cancel();
            return;
        }
        try {
            if (elsewhere != null && elsewhere.cancel(id)) {
                return;
            }
        } catch (StoreException _) {
            throw Problem.storeUnavailable().exception();
        }
        throw Problem.invalid("cancel", "unknown_id", "No prompt with this id runs here.")
                .exception();
    }

    private void send(@Nullable JsonNode id, ObjectNode frame) {
        if (id != null) {
            frame.set("id", id);
        }
        client.accept(frame);
    }

    private void run(@Nullable JsonNode id, Call call, Bodies.Hold hold) {
        try (hold) {
            ObjectNode last =
                    switch (KeyAccount.on(account, () -> shared.llm.complete(call))) {
                        case Completion completion -> Frames.done(completion);
                        case Failure failure -> Refusals.of(failure).toJson();
                    };
            // Free before the last frame, so that a client may use the id again once it has seen
            // that frame.
            end(id, call);
            send(id, last);
        } catch (RuntimeException gone) {
            LOG.debugf("A stream ended with %s", gone.getClass().getSimpleName());
        } finally {
            end(id, call);
            running.remove(Thread.currentThread());
        }
    }

    private void end(@Nullable JsonNode id, Call call) {
        if (calls.remove(key(id), call) && elsewhere != null) {
            elsewhere.ended(key(id));
        }
    }

    /// A number and its digits in quotes are the same id.
    private static String key(@Nullable JsonNode id) {
        return id == null ? NO_ID : id.asText();
    }
}
