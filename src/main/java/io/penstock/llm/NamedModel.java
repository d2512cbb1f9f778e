package io.penstock.llm;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import io.quarkiverse.langchain4j.ModelName;
import io.quarkiverse.langchain4j.RegisterAiService;
import io.quarkiverse.langchain4j.runtime.NamedConfigUtil;
import jakarta.enterprise.inject.Instance;
import jakarta.enterprise.inject.build.compatible.spi.BeanInfo;
import jakarta.enterprise.inject.build.compatible.spi.BuildCompatibleExtension;
import jakarta.enterprise.inject.build.compatible.spi.InjectionPointInfo;
import jakarta.enterprise.inject.build.compatible.spi.Parameters;
import jakarta.enterprise.inject.build.compatible.spi.Registration;
import jakarta.enterprise.inject.build.compatible.spi.Synthesis;
import jakarta.enterprise.inject.build.compatible.spi.SyntheticBeanCreator;
import jakarta.enterprise.inject.build.compatible.spi.SyntheticComponents;
import jakarta.enterprise.lang.model.AnnotationInfo;
import jakarta.enterprise.lang.model.types.Type;
import jakarta.inject.Singleton;
import java.util.Set;
import java.util.TreeSet;
import org.eclipse.microprofile.config.ConfigProvider;
import org.jspecify.annotations.Nullable;

/// A model with a name: for AI services with that `modelName` and for `@ModelName("NAME")`. What
/// `quarkus.langchain4j.openai.NAME.*` says of it counts; without a word there it is the model that
/// is configured for all.
public final class NamedModel extends ServiceModel {

    private static final String NAME = "name";

    /// Of [RegisterAiService].
    private static final String MODEL_NAME = "modelName";

    private NamedModel(ServiceModel other, String name) {
        super(other, name);
    }

    /// Makes a bean for each name that is configured when the application is built, and for each
    /// that its code asks for: the extension's own model of that name would want a key of its own.
    /// Public with a public constructor, as the container makes it.
    public static final class Discovery implements BuildCompatibleExtension {

        private final Set<String> asked = new TreeSet<>();

        /// Notes the names in the code: those of AI services, and those at points of injection.
        @Registration(types = Object.class)
        public void bean(BeanInfo bean) {
            if (bean.isClassBean()) {
                for (Type type : bean.declaringClass().superInterfaces()) {
                    if (type.isClass()) {
                        ask(type.asClass().declaration().annotation(RegisterAiService.class));
                    }
                }
            }
            for (InjectionPointInfo point : bean.injectionPoints()) {
                for (AnnotationInfo qualifier : point.qualifiers()) {
                    if (qualifier.name().equals(ModelName.class.getName())) {
                        asked.add(qualifier.value().asString());
                    }
                }
            }
        }

        private void ask(@Nullable AnnotationInfo service) {
            if (service != null && service.hasMember(MODEL_NAME)) {
                String name = service.member(MODEL_NAME).asString();
                if (!NamedConfigUtil.isDefault(name)) {
                    asked.add(name);
                }
            }
        }

        /// Makes the beans.
        @Synthesis
        public void named(SyntheticComponents components) {
            Set<String> names =
                    ProviderSettings.names(
                            ConfigProvider.getConfig().getPropertyNames().iterator());
            names.addAll(asked);
            for (String name : names) {
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
