package io.penstock.http;

import io.penstock.access.KeyAccount;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import io.penstock.llm.Call;
import io.penstock.llm.Completion;
import io.penstock.llm.Failure;
import io.penstock.llm.Llm;
import io.penstock.llm.Prompt;
import io.penstock.llm.PromptReader;
import io.penstock.store.Where;
import io.smallrye.common.annotation.Blocking;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

/// `POST /v1/chat/completions`: OpenAI's chat completions. What a caller asks goes to the provider
/// as it came, known here or not, and so does the answer to the caller.
@Path("/v1/chat/completions")
@Blocking
@RunOnVirtualThread
public class ChatResource {

    private final Llm llm;
    private final PromptReader prompts;
    private final Bodies bodies;
    private final Callers callers;
    private final boolean isFunction;

    ChatResource(Llm llm, PromptReader prompts, Bodies bodies, Callers callers, Where where) {
        this.callers = callers;
        this.llm = llm;
        this.prompts = prompts;
        this.bodies = bodies;
        this.isFunction = where.isFunction();
    }

    /// Answers with the provider's whole answer, or with its chunks where the body says
    /// `"stream":true`. A caller that leaves ends the call.
    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    public Response complete(@Context RoutingContext exchange) {
        Bodies.Body sent = bodies.read(exchange);
        boolean streams = false;
        try {
            Fields fields = Fields.of(sent.bytes());
            Prompt prompt = prompts.whole(fields);
            streams = Boolean.TRUE.equals(fields.flag("stream"));
            return streams ? streamed(prompt, sent, exchange) : whole(prompt, exchange);
        } finally {
            if (!streams) {
                sent.close();
            }
        }
    }

    private Response whole(Prompt prompt, RoutingContext exchange) {
        Call call = Call.of(prompt, null);
        Exchanges.runs(exchange, call);
        return switch (KeyAccount.on(callers.account(), () -> llm.complete(call))) {
            case Completion completion ->
                    Response.ok(completion.body(), MediaType.APPLICATION_JSON_TYPE).build();
            case Failure failure -> throw Refusals.openAi(failure).exception();
        };
    }

    private Response streamed(Prompt prompt, Bodies.Body sent, RoutingContext exchange) {
        if (isFunction) {
            sent.close();
            throw InvalidRequest.of(
                    "stream",
                    "streaming_unsupported",
                    "A Lambda function's answer is not streamed: leave \"stream\" out here, or take tokens as"
                            + " they come from the WebSocket, or from Penstock on a machine.");
        }
        // Also where the client has left before anything is written.
        exchange.addEndHandler(_ -> sent.close());
        KeyAccount account = callers.account();
        return EventStream.of(events -> {
            try (sent) {
                Call call = Call.streaming(prompt, null, events::piece);
                Exchanges.runs(exchange, call);
                // An error without [DONE] after it: OpenAI's SDKs raise what has an
                // `error`.
                KeyAccount.run(
                        account, () -> events.run(llm, call, _ -> "[DONE]", Refusals::openAi));
            }
        });
    }
}
