package io.penstock.llm;

import dev.langchain4j.service.UserMessage;
import io.quarkiverse.langchain4j.RegisterAiService;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.faulttolerance.Bulkhead;
import org.eclipse.microprofile.faulttolerance.Timeout;

/// One attempt at one prompt. What is not the user's text (model, system message, parameters,
/// deltas) travels with the [current call][Call#current], since AI services take no parameters per
/// call.
///
/// The annotations' values are `penstock.llm.timeout` and `penstock.flow.max-concurrency`, see
/// [FaultToleranceSettings].
@ApplicationScoped
@RegisterAiService(
        chatLanguageModelSupplier = ProviderModel.Source.class,
        chatMemoryProviderSupplier = RegisterAiService.NoChatMemoryProviderSupplier.class)
interface Completions {

    @Timeout
    @Bulkhead
    String complete(@UserMessage String text);
}
