package io.penstock.llm;

import io.penstock.flow.Rates;
import java.time.Instant;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One attempt at a prompt: what it needs, and what is to be known of it whichever way it ends.
///
/// Its answer is kept here and returned: an attempt whose timeout fires when the answer is whole
/// returns nothing, and what is paid for must not be lost. Confined to the thread that makes the
/// attempt, but for [#isWhole].
final class Attempt implements AutoCloseable {

    private final Call call;
    private final Prompt prompt;
    private final Deadline deadline;
    private final @Nullable Consumer<String> deltas;

    private volatile @Nullable Completion answer;
    private volatile @Nullable UsedInVain used;
    private Rates rates = Rates.UNKNOWN;
    private boolean streamed;

    Attempt(Call call, Prompt prompt, Deadline deadline, @Nullable Consumer<String> deltas) {
        this.call = call;
        this.prompt = prompt;
        this.deadline = deadline;
        this.deltas = deltas;
    }

    Prompt prompt() {
        return prompt;
    }

    Deadline deadline() {
        return deadline;
    }

    boolean streams() {
        return deltas != null;
    }

    /// Whether a delta has left the house; from then on there is no second attempt.
    boolean streamed() {
        return streamed;
    }

    /// Hands a piece of the answer over, where somebody takes it.
    void delta(String text) {
        if (deltas != null) {
            streamed = true;
            try {
                deltas.accept(text);
            } catch (RuntimeException untaken) {
                if (!Thread.currentThread().isInterrupted()) {
                    call.cancel();
                }
                throw untaken;
            }
        }
    }

    /// Counts a request that is about to be made; one for which no connection comes about counts
    /// too.
    void requested() {
        rates = Rates.UNKNOWN;
        call.requested();
    }

    /// Notes what the head of an answer says.
    void learned(Exchange.Head head) {
        rates = RateHeaders.read(head.headers(), Instant.now());
        call.learned(rates, head.requestId());
    }

    /// What the provider has just said of its limits.
    Rates rates() {
        return rates;
    }

    void spentOutside(long nanos) {
        call.spentOutside(nanos);
    }

    /// Notes what the provider has counted, whatever comes of it.
    void used(UsedInVain so) {
        used = so;
    }

    /// What the provider has counted so far; null when it has told nothing.
    @Nullable UsedInVain used() {
        return used;
    }

    void answered(Completion whole) {
        answer = whole;
    }

    /// The whole answer, as soon as it is there.
    @Nullable Completion answer() {
        return answer;
    }

    boolean isWhole() {
        return answer != null;
    }

    /// Ends it; an answer that is whole is on its way back from now on.
    @Override
    public void close() {
        call.ended(this);
    }
}
