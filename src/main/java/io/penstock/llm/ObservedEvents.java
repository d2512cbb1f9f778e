package io.penstock.llm;

import dev.langchain4j.observability.api.AiServiceListenerRegistrar;
import dev.langchain4j.observability.api.DefaultAiServiceListenerRegistrar;
import dev.langchain4j.observability.api.event.AiServiceEvent;
import dev.langchain4j.observability.api.listener.AiServiceListener;
import dev.langchain4j.spi.observability.AiServiceListenerRegistrarFactory;
import io.quarkiverse.langchain4j.observability.AiServiceSelectorLiteral;
import io.quarkiverse.langchain4j.observability.listener.AiServiceListenerAdapter;
import io.quarkus.arc.Arc;
import org.jspecify.annotations.Nullable;

/// Keeps AI services from looking for observers of their events again and again where there are
/// none. Quarkus LangChain4j fires five events a call as CDI events, and resolves their observers
/// anew each time; that took a tenth of a call's CPU.
///
/// Observers are told as before. Thread-safe.
public final class ObservedEvents extends DefaultAiServiceListenerRegistrar {

    @Override
    public <T extends AiServiceEvent> void register(AiServiceListener<T> listener) {
        super.register(
                listener instanceof AiServiceListenerAdapter<T> adapter
                        ? new WhenObserved<>(adapter)
                        : listener);
    }

    private static final class WhenObserved<T extends AiServiceEvent>
            implements AiServiceListener<T> {

        private final AiServiceListenerAdapter<T> adapter;
        private volatile @Nullable Boolean isObserved;

        private WhenObserved(AiServiceListenerAdapter<T> adapter) {
            this.adapter = adapter;
        }

        @Override
        public Class<T> getEventClass() {
            return adapter.getEventClass();
        }

        @Override
        public void onEvent(T event) {
            Boolean known = isObserved;
            if (known == null) {
                known = isObserved(event);
                isObserved = known;
            }
            if (known) {
                adapter.onEvent(event);
            }
        }

        /// The observers of an application are known when it is built.
        private boolean isObserved(T event) {
            return !Arc.container()
                    .beanManager()
                    .resolveObserverMethods(
                            event,
                            AiServiceSelectorLiteral.builder()
                                    .aiServiceClass(adapter.aiServiceClass())
                                    .build())
                    .isEmpty();
        }
    }

    /// Found by LangChain4j through [java.util.ServiceLoader].
    public static final class Factory implements AiServiceListenerRegistrarFactory {

        @Override
        public AiServiceListenerRegistrar get() {
            return new ObservedEvents();
        }
    }
}
