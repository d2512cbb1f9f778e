package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import jakarta.enterprise.context.ApplicationScoped;
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

    private static final Duration FRESH = Duration.ofMinutes(1);

    /// How soon a provider that did not answer is asked again: those who waited for its answer do
    /// not each ask anew.
    private static final Duration AGAIN = Duration.ofSeconds(5);

    private final LlmConfig config;
    private final ProviderModel provider;
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

    Models(LlmConfig config, ProviderModel provider) {
        this.config = config;
        this.provider = provider;
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
        try {
            JsonNode list = provider.get("/models");
            List<ObjectNode> models = new ArrayList<>();
            if (list != null) {
                for (JsonNode model : list.path("data")) {
                    if (model instanceof ObjectNode object && model.path("id").isTextual()) {
                        models.add(object);
                    }
                }
            }
            return listed(models.isEmpty() ? configured() : models);
        } catch (LlmException failed) {
            return switch (failed.failure().status()) {
                case 404, 405, 501 -> listed(configured());
                default -> keep(new Known.Unknown(failed.failure()), AGAIN);
            };
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return new Known.Unknown(Failure.of(FailureKind.CANCELLED, "The call was cancelled."));
        }
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
        return names.stream()
                .map(name ->
                        Fields.JSON
                                .createObjectNode()
                                .put("id", name)
                                .put("object", "model")
                                .put("created", 0)
                                .put("owned_by", "configuration"))
                .toList();
    }
}
