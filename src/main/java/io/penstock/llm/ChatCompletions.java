package io.penstock.llm;

import io.vertx.core.buffer.Buffer;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.zip.ZipException;
import org.eclipse.microprofile.faulttolerance.Bulkhead;
import org.eclipse.microprofile.faulttolerance.Timeout;

/// OpenAI's chat completions, whole or streamed: one HTTP request for one attempt, and one more
/// where the first was refused for a field that nobody had asked for. Thread-safe.
///
/// A streamed call blocks like any other until the answer is whole and hands over its deltas on the
/// way, so that timeout, bulkhead and retry guard both alike.
///
/// The annotations' values are `penstock.llm.timeout` and `penstock.flow.max-concurrency`, see
/// [FaultToleranceSettings].
@ApplicationScoped
class ChatCompletions {

    private static final Duration DRAIN = Duration.ofMillis(50);

    private final Provider provider;
    private final Endpoint endpoint;
    private final Dialects dialects;
    private final long maxAnswer;
    private final LlmConfig.MaxTokensField maxTokensField;

    ChatCompletions(Provider provider, Endpoint endpoint, Dialects dialects, LlmConfig config) {
        this.provider = provider;
        this.endpoint = endpoint;
        this.dialects = dialects;
        this.maxAnswer = config.maxAnswer().asLongValue();
        this.maxTokensField = config.maxTokensField();
    }

    /// Makes an attempt.
    ///
    /// @throws InterruptedException by the timeout or by the caller's cancellation: the layers
    ///   above know which
    @Timeout
    @Bulkhead
    Outcome complete(Attempt attempt) throws InterruptedException {
        Prompt prompt = attempt.prompt();
        String model = String.valueOf(prompt.model());
        while (true) {
            RequestBody body =
                    RequestBody.of(
                            prompt, attempt.streams(), maxTokensField, dialects.refusedBy(model));
            attempt.requested();
            try (Exchange exchange =
                    provider.post(body.json(), attempt.streams(), attempt::spentOutside)) {
                Exchange.Head head = exchange.head(attempt.deadline());
                if (head == null) {
                    return Llm.deadlineExceeded();
                }
                attempt.learned(head);
                byte[] error = head.isSuccess() ? null : exchange.error(attempt.deadline());
                Outcome outcome =
                        error == null
                                ? read(exchange, head, attempt)
                                : ProviderFailure.of(head, error, endpoint);
                switch (outcome) {
                    case Completion whole -> {
                        attempt.answered(whole);
                        return whole;
                    }
                    case Failure failure -> {
                        String said =
                                error == null
                                        ? failure.message()
                                        : new String(error, StandardCharsets.UTF_8);
                        if (attempt.streamed()
                                || !dialects.learn(model, body.added(), failure.status(), said)) {
                            return failure;
                        }
                    }
                }
            } catch (IOException broken) {
                return ProviderFailure.unreachable(endpoint, broken);
            }
        }
    }

    private Outcome read(Exchange exchange, Exchange.Head head, Attempt attempt)
            throws InterruptedException {
        AnswerReader reader =
                new AnswerReader(Answer.to(attempt, head, endpoint), head, endpoint, maxAnswer);
        boolean isBroken = false;
        try {
            boolean wantsMore = true;
            while (wantsMore) {
                Buffer piece = exchange.next(attempt.deadline());
                if (piece == null) {
                    return Llm.deadlineExceeded();
                }
                wantsMore = piece.length() > 0 && reader.add(piece);
            }
        } catch (IOException broken) {
            isBroken = true;
        }
        Outcome outcome = reader.end(isBroken);
        return reader.isDone() && !isBroken && !drain(exchange) ? ProviderFailure.cut() : outcome;
    }

    /// Reads what follows `[DONE]`, which is nothing but the end of the body: then the connection
    /// can be used again. A provider that is slow to end it loses the connection, not the answer.
    ///
    /// @return false when the end says that the answer was damaged
    private static boolean drain(Exchange exchange) throws InterruptedException {
        try {
            Deadline soon = Deadline.in(DRAIN);
            Buffer rest = exchange.next(soon);
            if (rest != null && rest.length() > 0) {
                exchange.next(soon);
            }
        } catch (ZipException damaged) {
            return false;
        } catch (IOException broken) {
            // The answer is whole.
        }
        return true;
    }
}
