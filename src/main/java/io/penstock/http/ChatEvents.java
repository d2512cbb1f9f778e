package io.penstock.http;

import io.penstock.llm.Call;
import io.penstock.llm.Completion;
import io.penstock.llm.Failure;
import io.penstock.llm.Llm;
import io.penstock.llm.Prompt;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/// A completion as OpenAI's server-sent events (API reference, "Streaming events"), written by the
/// thread that runs the call: while the client does not read, the provider is not read.
final class ChatEvents {

    private final OutputStream out;
    private boolean begun;

    ChatEvents(OutputStream out) {
        this.out = out;
    }

    /// Runs the call to its end.
    ///
    /// @param started is told of the call before it runs
    /// @throws Problem when it fails before there is an event; nothing is written then
    void run(Llm llm, Prompt prompt, Consumer<Call> started) throws IOException {
        Call call = Call.streaming(prompt, null, this::chunk);
        started.accept(call);
        switch (llm.complete(call)) {
            case Completion _ -> event("[DONE]");
            case Failure failure -> {
                Problem problem = Problem.openAi(failure);
                if (!begun) {
                    throw problem;
                }
                // Without [DONE] after it: OpenAI's SDKs raise what has an `error`.
                if (!call.isCancelled()) {
                    event(problem.toJson().toString());
                }
            }
        }
    }

    private void chunk(String json) {
        try {
            event(json);
        } catch (InterruptedIOException timeIsUp) {
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(timeIsUp);
        } catch (IOException gone) {
            throw new UncheckedIOException(gone);
        }
    }

    private void event(String data) throws IOException {
        begun = true;
        out.write(("data: " + data + "\n\n").getBytes(StandardCharsets.UTF_8));
        out.flush();
    }
}
