package io.penstock.http;

import io.penstock.llm.Call;
import io.penstock.llm.Completion;
import io.penstock.llm.Failure;
import io.penstock.llm.Llm;
import io.penstock.llm.Outcome;
import io.penstock.llm.PromptReader;
import io.smallrye.mutiny.Multi;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Flow;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A streamed call as a stream of events. The call runs in a virtual thread of its own, which waits
/// until the client has taken an event before it makes the next one, so that a slow client slows
/// the provider and fills no memory.
final class TokenEvents {

    /// The first event is there, or the reason why none will be: it decides the answer's status.
    private final CompletableFuture<@Nullable Void> begun = new CompletableFuture<>();

    /// Open once the client listens; then [#demand] says for how many events.
    private final CompletableFuture<Flow.Subscriber<? super String>> listener =
            new CompletableFuture<>();

    /// How long the last event waits for a client that does not read.
    private static final Duration LAST_WAIT = Duration.ofSeconds(60);

    private final Semaphore demand = new Semaphore(0);
    private final Bodies.Hold body;
    private final Call call;

    /// @param body is closed when the call has ended
    TokenEvents(PromptReader.Asked asked, Bodies.Hold body) {
        this.body = body;
        this.call = Call.streaming(asked.prompt(), asked.limit(), this::token);
    }

    Call call() {
        return call;
    }

    /// Starts the call and waits for its first event.
    ///
    /// @throws Problem when there is none
    Multi<String> start(Llm llm) {
        Thread.ofVirtual().name("stream").start(() -> run(llm));
        try {
            begun.join();
        } catch (CompletionException failed) {
            throw failed.getCause() instanceof Problem problem ? problem : Problem.internal();
        }
        Flow.Publisher<String> events = this::listen;
        return Multi.createFrom().publisher(events);
    }

    private void listen(Flow.Subscriber<? super String> client) {
        client.onSubscribe(
                new Flow.Subscription() {
                    @Override
                    public void request(long count) {
                        demand.release((int) Math.min(count, 1 << 16));
                    }

                    @Override
                    public void cancel() {
                        call.cancel();
                        // Whoever waits for this client need not: the call may have ended, and then
                        // nothing interrupts.
                        demand.release();
                    }
                });
        listener.complete(client);
    }

    private void run(Llm llm) {
        try {
            Outcome outcome = llm.complete(call);
            body.close();
            switch (outcome) {
                case Completion completion -> last(Frames.done(completion).toString());
                case Failure failure when begun.isDone() ->
                        last(Problem.of(failure).toJson().toString());
                case Failure failure -> begun.completeExceptionally(Problem.of(failure));
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            body.close();
            begun.completeExceptionally(Problem.internal());
        }
    }

    private void token(String delta) {
        begun.complete(null);
        try {
            if (!demand.tryAcquire(call.timeLeft().toMillis(), TimeUnit.MILLISECONDS)) {
                // The deadline has passed while the client was slow; the call ends with the next
                // step.
                return;
            }
        } catch (InterruptedException _) {
            // The client is gone, or the attempt's time is up while the client was slow: then it
            // still gets the error.
            Thread.currentThread().interrupt();
            throw new IllegalStateException("The stream was ended while its client was slow.");
        }
        if (!call.isCancelled()) {
            listener.join().onNext(Frames.token(delta).toString());
        }
    }

    private void last(String event) throws InterruptedException {
        begun.complete(null);
        boolean asked = demand.tryAcquire(LAST_WAIT.toMillis(), TimeUnit.MILLISECONDS);
        if (call.isCancelled()) {
            return;
        }
        Flow.Subscriber<? super String> client = listener.getNow(null);
        if (asked && client != null) {
            client.onNext(event);
            client.onComplete();
        } else if (client != null) {
            client.onError(new IllegalStateException("The client does not read."));
        }
    }
}
