package io.penstock.http;

import io.penstock.access.KeyAccount;
import io.penstock.json.Fields;
import io.penstock.llm.Call;
import io.penstock.llm.Completion;
import io.penstock.llm.Failure;
import io.penstock.llm.Llm;
import io.penstock.llm.PromptReader;
import io.smallrye.common.annotation.Blocking;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;

/// `POST /complete`: one prompt, one answer, as JSON or, with `Accept: text/event-stream`, as it
/// comes.
@Path("/complete")
public class CompleteResource {

    private final Llm llm;
    private final PromptReader prompts;
    private final Bodies bodies;
    private final Callers callers;

    CompleteResource(Llm llm, PromptReader prompts, Bodies bodies, Callers callers) {
        this.callers = callers;
        this.llm = llm;
        this.prompts = prompts;
        this.bodies = bodies;
    }

    /// Answers when the whole answer is there. A caller that leaves ends the call.
    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    @Produces(MediaType.APPLICATION_JSON)
    @Blocking
    @RunOnVirtualThread
    public String complete(@Context RoutingContext exchange, @Context HttpHeaders headers) {
        requireAcceptable(headers);
        try (Bodies.Body sent = bodies.read(exchange)) {
            PromptReader.Asked asked = read(sent);
            Call call = Call.of(asked.prompt(), asked.limit());
            Exchanges.runs(exchange, call);
            return switch (KeyAccount.on(callers.account(), () -> llm.complete(call))) {
                case Completion completion ->
                        Frames.whole(completion, call.attemptCount()).toString();
                case Failure failure -> throw Refusals.of(failure).exception();
            };
        }
    }

    /// Answers with `{"token"}` events and a last `{"done":true}` or `{"error"}`. A failure before
    /// the first token is an ordinary error answer with its status.
    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    @Produces(MediaType.SERVER_SENT_EVENTS)
    @Blocking
    @RunOnVirtualThread
    public Response stream(@Context RoutingContext exchange, @Context HttpHeaders headers) {
        requireAcceptable(headers);
        Bodies.Body sent = bodies.read(exchange);
        boolean read = false;
        try {
            PromptReader.Asked asked = read(sent);
            read = true;
            exchange.addEndHandler(_ -> sent.close());
            KeyAccount account = callers.account();
            return EventStream.of(
                    events -> KeyAccount.run(account, () -> stream(asked, sent, events, exchange)));
        } finally {
            if (!read) {
                sent.close();
            }
        }
    }

    private void stream(
            PromptReader.Asked asked, Bodies.Body sent, EventStream events, RoutingContext exchange)
            throws IOException {
        try (sent) {
            Call call =
                    Call.streaming(
                            asked.prompt(),
                            asked.limit(),
                            delta -> events.piece(Frames.token(delta).toString()));
            Exchanges.runs(exchange, call);
            events.run(llm, call, done -> Frames.done(done).toString(), Refusals::of);
        }
    }

    private PromptReader.Asked read(Bodies.Body sent) {
        return prompts.read(Fields.of(sent.bytes()).only(PromptReader.FIELDS));
    }

    /// Otherwise the answer's type would be found missing only after the call was made and paid
    /// for.
    private static void requireAcceptable(HttpHeaders headers) {
        if (headers.getAcceptableMediaTypes().stream()
                .noneMatch(type ->
                        type.isCompatible(MediaType.APPLICATION_JSON_TYPE)
                                || type.isCompatible(MediaType.SERVER_SENT_EVENTS_TYPE))) {
            throw Errors.notAcceptable().exception();
        }
    }
}
