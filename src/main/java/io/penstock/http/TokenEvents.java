package io.penstock.http;

import io.penstock.llm.Call;
import io.penstock.llm.Completion;
import io.penstock.llm.Failure;
import io.penstock.llm.Llm;
import io.smallrye.mutiny.Multi;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Flow;
import java.util.concurrent.Semaphore;
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

    private final Semaphore demand = new Semaphore(0);
    private final Call call;

    TokenEvents(PromptReader.Asked asked) {
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
                    }
                });
        listener.complete(client);
    }

    private void run(Llm llm) {
        try {
            switch (llm.complete(call)) {
                case Completion completion -> last(Frames.done(completion).toString());
                case Failure failure when begun.isDone() ->
                        last(Problem.of(failure).toJson().toString());
                case Failure failure -> begun.completeExceptionally(Problem.of(failure));
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            begun.completeExceptionally(Problem.internal());
        }
    }

    private void token(String delta) {
        try {
            emit(Frames.token(delta).toString());
        } catch (InterruptedException _) {
            // The client is gone, or the attempt's time is up: nobody waits for this event.
            Thread.currentThread().interrupt();
            throw new IllegalStateException("The stream was ended while its client was slow.");
        }
    }

    private void last(String event) throws InterruptedException {
        if (!call.isCancelled()) {
            emit(event).onComplete();
        }
    }

    private Flow.Subscriber<? super String> emit(String event) throws InterruptedException {
        begun.complete(null);
        demand.acquire();
        Flow.Subscriber<? super String> client = listener.join();
        client.onNext(event);
        return client;
    }
}
