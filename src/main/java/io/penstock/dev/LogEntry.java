package io.penstock.dev;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// What the provider saw and did of one request. Written by the request's event loop, readable by
/// any thread at any time.
///
/// Its JSON is `{"seq","at","model","key","custom","stream","status","fault","limited",
/// "early","retry_after_ms","prompt_tokens","completion_tokens","tokens_sent","ended_at","end"}`;
/// times are Unix milliseconds with microseconds as fraction, `status` is 0 until a head is sent.
final class LogEntry {
    /// How a request ended.
    enum End {
        /// The whole answer was written, be it an error.
        COMPLETED,
        /// The client left before the end.
        ABORTED,
        /// The provider broke the answer on purpose.
        FAULTED
    }

    /// What is known at arrival.
    ///
    /// @param prompt null for a request that is refused unread
    /// @param custom value of the header `x-penstock-item`
    /// @param completionTokens tokens of the answer that is planned
    /// @param limited refused for exceeding a limit
    /// @param admitted counts as in flight
    record Arrival(
            @Nullable ReceivedPrompt prompt,
            @Nullable String custom,
            Fault fault,
            int completionTokens,
            boolean limited,
            boolean admitted) {}

    private record Ended(BigDecimal at, End end) {}

    private final long seq;
    private final @Nullable Long conversation;
    private final boolean early;
    private final BigDecimal at = now();
    private final boolean limited;
    private final boolean admitted;
    private final @Nullable String model;
    private final @Nullable String key;
    private final @Nullable String custom;
    private final boolean stream;
    private final Fault fault;
    private final int promptTokens;
    private final int completionTokens;
    private volatile int status;
    private volatile int tokensSent;
    private volatile @Nullable Long retryAfterMs;
    private volatile @Nullable Ended ended;

    /// @param early the same request was told to come back later than this
    LogEntry(long seq, Arrival arrival, boolean early) {
        ReceivedPrompt prompt = arrival.prompt();
        this.seq = seq;
        this.conversation = prompt == null ? null : prompt.fingerprint();
        this.early = early;
        this.model = prompt == null ? null : prompt.model();
        this.key = prompt == null ? null : prompt.key();
        this.custom = arrival.custom();
        this.stream = prompt != null && prompt.stream();
        this.promptTokens = prompt == null ? 0 : prompt.tokens();
        this.fault = arrival.fault();
        this.completionTokens = arrival.completionTokens();
        this.limited = arrival.limited();
        this.admitted = arrival.admitted();
    }

    long seq() {
        return seq;
    }

    /// What tells the same request sent again from another one; null for one that is refused
    /// unread.
    @Nullable Long conversation() {
        return conversation;
    }

    /// The answer was the one asked for, whole.
    boolean answered() {
        return status == 200 && fault.harmless();
    }

    boolean early() {
        return early;
    }

    boolean limited() {
        return limited;
    }

    boolean admitted() {
        return admitted;
    }

    void headSent(int status, @Nullable Long retryAfterMs) {
        this.status = status;
        this.retryAfterMs = retryAfterMs;
    }

    void tokensSent(int tokens) {
        tokensSent = tokens;
    }

    void ended(End end) {
        ended = new Ended(now(), end);
    }

    ObjectNode toJson() {
        Ended ending = ended;
        return WireJson.MAPPER
                .createObjectNode()
                .put("seq", seq)
                .put("at", at)
                .put("model", model)
                .put("key", key)
                .put("custom", custom)
                .put("stream", stream)
                .put("status", status)
                .put("fault", fault == Fault.NONE ? null : fault.wireName())
                .put("limited", limited)
                .put("early", early)
                .put("retry_after_ms", retryAfterMs)
                .put("prompt_tokens", promptTokens)
                .put("completion_tokens", completionTokens)
                .put("tokens_sent", tokensSent)
                .put("ended_at", ending == null ? null : ending.at)
                .put("end", ending == null ? null : ending.end.name().toLowerCase(Locale.ROOT));
    }

    private static BigDecimal now() {
        Instant now = Instant.now();
        return BigDecimal.valueOf(now.getEpochSecond() * 1_000_000 + now.getNano() / 1_000, 3);
    }
}
