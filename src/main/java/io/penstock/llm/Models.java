package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.vertx.core.buffer.Buffer;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The models that can be asked for: those that the provider lists, with all that it says of them;
/// of a provider that has no such list, those that the configuration names. Thread-safe; blocks,
/// for ten seconds at most, when the provider has not been asked lately.
///
/// Shape: OpenAI API reference, "List models".
@ApplicationScoped
public class Models {

    private static final Duration ASKING = Duration.ofSeconds(10);

    /// OpenRouter's list of hundreds of models has less than 1 MB.
    private static final int LIST_MAX = 16 << 20;

    private static final Duration FRESH = Duration.ofMinutes(1);

    /// How soon a provider that did not answer is asked again: those who waited for its answer do
    /// not each ask anew.
    private static final Duration AGAIN = Duration.ofSeconds(5);

    private final LlmConfig config;
    private final Provider provider;
    private final Endpoint endpoint;
    private final ReentrantLock lock = new ReentrantLock();
    private volatile @Nullable Kept kept;

    private record Kept(Known known, Duration life, long atNanos) {}

    /// What is known of the models.
    public sealed interface Known {

        /// OpenAI's model objects.
        record Listed(List<ObjectNode> models) implements Known {}

        /// The provider cannot be asked at the moment.
        record Unknown(Failure failure) implements Known {}
    }

    Models(LlmConfig config, Provider provider, Endpoint endpoint) {
        this.config = config;
        this.provider = provider;
        this.endpoint = endpoint;
    }

    /// The models as they were within the last minute.
    public Known known() {
        Known fresh = fresh();
        if (fresh != null) {
            return fresh;
        }
        // One asks, the others wait for its answer.
        lock.lock();
        try {
            Known meanwhile = fresh();
            return meanwhile != null ? meanwhile : ask();
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Known fresh() {
        Kept last = kept;
        return last != null && System.nanoTime() - last.atNanos < last.life.toNanos()
                ? last.known
                : null;
    }

    private Known ask() {
        try (Exchange exchange = provider.get("/models")) {
            Deadline deadline = Deadline.in(ASKING);
            Exchange.Head head = exchange.head(deadline);
            if (head == null) {
                return keep(new Known.Unknown(Llm.deadlineExceeded()), AGAIN);
            }
            if (!head.isSuccess()) {
                return switch (head.status()) {
                    case 404, 405, 501 -> listed(configured());
                    default ->
                            keep(
                                    new Known.Unknown(
                                            ProviderFailure.of(
                                                    head, exchange.error(deadline), endpoint)),
                                    AGAIN);
                };
            }
            List<ObjectNode> models = models(body(exchange, deadline));
            return listed(models.isEmpty() ? configured() : models);
        } catch (IOException broken) {
            return keep(new Known.Unknown(ProviderFailure.unreachable(endpoint, broken)), AGAIN);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return new Known.Unknown(Failure.of(FailureKind.CANCELLED, "The call was cancelled."));
        }
    }

    /// As far as it comes in time and is not too long; half a list is none.
    private static byte[] body(Exchange exchange, Deadline deadline)
            throws IOException, InterruptedException {
        Buffer whole = Buffer.buffer();
        for (Buffer piece = exchange.next(deadline);
                piece != null && piece.length() > 0 && whole.length() < LIST_MAX;
                piece = exchange.next(deadline)) {
            whole.appendBuffer(piece);
        }
        return whole.getBytes();
    }

    /// The models of a list: OpenAI's object with `data`, the bare list (Together), or the object
    /// with `models` (Ollama), of objects with an `id` or of names.
    private static List<ObjectNode> models(byte[] body) {
        String text = ProviderJson.decoded(body);
        List<ProviderJson.Value> values =
                text == null ? List.of() : ProviderJson.values(text).list();
        List<ObjectNode> models = new ArrayList<>();
        if (!values.isEmpty()) {
            JsonNode node = values.getFirst().node();
            JsonNode list = node.has("data") ? node.path("data") : node.path("models");
            for (JsonNode model : node.isArray() ? node : list) {
                if (model instanceof ObjectNode object && object.path("id").isTextual()) {
                    models.add(object);
                } else if (model.isTextual() || model.path("name").isTextual()) {
                    models.add(
                            model(
                                    model.isTextual()
                                            ? model.textValue()
                                            : model.path("name").textValue(),
                                    "provider"));
                }
            }
        }
        return models;
    }

    private Known listed(List<ObjectNode> models) {
        return keep(new Known.Listed(List.copyOf(models)), FRESH);
    }

    private Known keep(Known known, Duration life) {
        kept = new Kept(known, life, System.nanoTime());
        return known;
    }

    private List<ObjectNode> configured() {
        TreeSet<String> names = new TreeSet<>(config.prices().keySet());
        names.add(config.model());
        names.addAll(config.fallbacks().keySet());
        names.addAll(config.fallbacks().values());
        return names.stream().map(name -> model(name, "configuration")).toList();
    }

    private static ObjectNode model(String name, String owner) {
        return Fields.JSON
                .createObjectNode()
                .put("id", name)
                .put("object", "model")
                .put("created", 0)
                .put("owned_by", owner);
    }
}
