package io.penstock.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// OpenAI's SDK for Node.js, which calls Penstock as any of its users does.
public final class NodeSdk {

    private NodeSdk() {}

    /// Runs all checks of `src/test/openai/conformance.mjs`.
    ///
    /// @param baseUrl of the API, with its version path
    /// @param provider where the simulated provider's admin API is
    /// @param streams whether the door streams
    /// @return a line for each check, `ok NAME` or `failed NAME: why`
    public static List<String> run(String baseUrl, URI provider, boolean streams) {
        Process node =
                NodeProgram.start(
                        "node",
                        builder -> {
                            builder.command(NodeProgram.ready("openai").command("conformance.mjs"))
                                    .redirectErrorStream(true);
                            builder.environment().put("BASE_URL", baseUrl);
                            builder.environment().put("PROVIDER_ADMIN", provider.toString());
                            builder.environment().put("STREAMS", streams ? "yes" : "no");
                            builder.environment()
                                    .keySet()
                                    .removeIf(key -> key.startsWith("OPENAI_"));
                        });
        try (var reader = node.inputReader()) {
            List<String> lines = reader.lines().toList();
            if (!node.waitFor(10, TimeUnit.SECONDS) || node.exitValue() != 0) {
                throw new AssertionError("The checks have ended early: " + lines);
            }
            return lines;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        } finally {
            node.destroyForcibly();
        }
    }
}
