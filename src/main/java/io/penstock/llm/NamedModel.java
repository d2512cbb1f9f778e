package io.penstock.llm;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import io.quarkiverse.langchain4j.ModelName;
import jakarta.enterprise.inject.Instance;
import jakarta.enterprise.inject.build.compatible.spi.BuildCompatibleExtension;
import jakarta.enterprise.inject.build.compatible.spi.Parameters;
import jakarta.enterprise.inject.build.compatible.spi.Synthesis;
import jakarta.enterprise.inject.build.compatible.spi.SyntheticBeanCreator;
import jakarta.enterprise.inject.build.compatible.spi.SyntheticComponents;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.config.ConfigProvider;

/// A model that `quarkus.langchain4j.openai.NAME.*` configures, for AI services with that
/// `modelName` and for `@ModelName("NAME")`.
public final class NamedModel extends ServiceModel {

    private static final String NAME = "name";

    private NamedModel(ServiceModel other, String name) {
        super(other, name);
    }

    /// Makes a bean for each name that is configured when the application is built. Public with a
    /// public constructor, as the container makes it.
    public static final class Discovery implements BuildCompatibleExtension {

        /// Makes the beans.
        @Synthesis
        public void named(SyntheticComponents components) {
            for (String name :
                    ProviderSettings.names(
                            ConfigProvider.getConfig().getPropertyNames().iterator())) {
                components
                        .addBean(NamedModel.class)
                        .type(NamedModel.class)
                        .type(ChatModel.class)
                        .type(StreamingChatModel.class)
                        .qualifier(ModelName.Literal.of(name))
                        .scope(Singleton.class)
                        .withParam(NAME, name)
                        .createWith(Maker.class);
            }
        }
    }

    /// Public with a public constructor, as the container makes it.
    public static final class Maker implements SyntheticBeanCreator<NamedModel> {

        @Override
        public NamedModel create(Instance<Object> beans, Parameters parameters) {
            return new NamedModel(
                    beans.select(ServiceModel.class).get(), parameters.get(NAME, String.class));
        }
    }
}
