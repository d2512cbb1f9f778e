package io.penstock.tasks;

import dev.langchain4j.service.MemoryId;
import io.penstock.tasks.Shape.Field;
import io.penstock.tasks.TypeReader.Unsupported;
import io.quarkiverse.langchain4j.RegisterAiService;
import jakarta.enterprise.inject.build.compatible.spi.BeanInfo;
import jakarta.enterprise.inject.build.compatible.spi.BuildCompatibleExtension;
import jakarta.enterprise.inject.build.compatible.spi.InvokerFactory;
import jakarta.enterprise.inject.build.compatible.spi.InvokerInfo;
import jakarta.enterprise.inject.build.compatible.spi.Messages;
import jakarta.enterprise.inject.build.compatible.spi.Registration;
import jakarta.enterprise.inject.build.compatible.spi.Synthesis;
import jakarta.enterprise.inject.build.compatible.spi.SyntheticComponents;
import jakarta.enterprise.lang.model.AnnotationInfo;
import jakarta.enterprise.lang.model.AnnotationMember;
import jakarta.enterprise.lang.model.declarations.ClassInfo;
import jakarta.enterprise.lang.model.declarations.MethodInfo;
import jakarta.enterprise.lang.model.declarations.ParameterInfo;
import jakarta.enterprise.lang.model.types.Type;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.eclipse.microprofile.faulttolerance.Bulkhead;

/// Finds the application's tasks when it is built (CDI 4.1, "Build compatible extensions"), stops
/// the build for what cannot be one, and leaves [FoundTasks] behind. Named in `META-INF/services`;
/// the container makes one for each build.
public class TaskDiscovery implements BuildCompatibleExtension {

    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9_-]{0,63}");

    /// What [RegisterAiService] has for a memory unless it is told otherwise; a task's lives as
    /// long as one run of it.
    private static final Set<String> NO_MEMORY =
            Set.of("NoChatMemoryProviderSupplier", "BeanChatMemoryProviderSupplier");

    private final Map<String, Signature> signatures = new TreeMap<>();
    private final Map<String, InvokerInfo> invokers = new TreeMap<>();
    private final Map<String, ClassInfo> classes = new LinkedHashMap<>();

    /// Looks at every bean for AI services with tasks.
    @Registration(types = Object.class)
    public void bean(BeanInfo bean, InvokerFactory factory, Messages messages) {
        if (!bean.isClassBean()) {
            return;
        }
        ClassInfo made = bean.declaringClass();
        for (MethodInfo own : made.methods()) {
            if (own.hasAnnotation(BatchTask.class) && !isService(made)) {
                messages.error(
                        "@BatchTask is on "
                                + made.simpleName()
                                + "."
                                + own.name()
                                + ", which is no method of an AI service: put it on one of an interface"
                                + " with @RegisterAiService.",
                        own);
            }
        }
        for (Type type : made.superInterfaces()) {
            if (type.isClass()) {
                for (MethodInfo method : type.asClass().declaration().methods()) {
                    if (method.hasAnnotation(BatchTask.class)) {
                        task(bean, made, method, factory, messages);
                    }
                }
            }
        }
    }

    private static boolean isService(ClassInfo made) {
        return made.superInterfaces().stream()
                .anyMatch(type ->
                        type.isClass()
                                && type.asClass()
                                        .declaration()
                                        .hasAnnotation(RegisterAiService.class));
    }

    private void task(
            BeanInfo bean,
            ClassInfo made,
            MethodInfo method,
            InvokerFactory factory,
            Messages messages) {
        String place = method.declaringClass().simpleName() + "." + method.name();
        try {
            Signature signature = signature(place, method);
            Signature other = signatures.putIfAbsent(signature.name(), signature);
            if (other != null) {
                throw new Unsupported(
                        "has the name "
                                + signature.name()
                                + ", like "
                                + other.method()
                                + ": give each its own.");
            }
            invokers.put(
                    signature.name(),
                    factory.createInvoker(bean, implementation(made, method))
                            .withInstanceLookup()
                            .build());
        } catch (Unsupported wrong) {
            messages.error("The task " + place + " " + wrong.sentence(), method);
        }
    }

    /// The generated method, which has the interceptors.
    private static MethodInfo implementation(ClassInfo made, MethodInfo method) {
        Optional<MethodInfo> found =
                made.methods().stream()
                        .filter(one ->
                                one.name().equals(method.name())
                                        && one.parameters().size() == method.parameters().size())
                        .findFirst();
        return found.orElseThrow(
                () -> new Unsupported("is not abstract: let the AI service implement it."));
    }

    private Signature signature(String place, MethodInfo method) {
        refuseMemory(method.declaringClass());
        String name = method.annotation(BatchTask.class).value().asString();
        if (!NAME.matcher(name).matches()) {
            throw new Unsupported(
                    "has the name \""
                            + name
                            + "\": give 1 to 64 lower-case letters, digits, hyphens and underscores.");
        }
        List<Field> arguments = new ArrayList<>();
        List<String> types = new ArrayList<>();
        for (ParameterInfo parameter : method.parameters()) {
            arguments.add(argument(parameter));
            types.add(javaType(parameter.type()));
        }
        return new Signature(
                name,
                place,
                new Shape.Structure(List.copyOf(arguments), null),
                List.copyOf(types),
                result(method.returnType()),
                bulkhead(method));
    }

    private static Field argument(ParameterInfo parameter) {
        if (parameter.hasAnnotation(MemoryId.class)) {
            throw new Unsupported(
                    "has a chat memory (@MemoryId "
                            + parameter.name()
                            + "), but the rows of a batch know nothing of each other: take the parameter"
                            + " out, and give what the model has to know as an argument.");
        }
        try {
            return new Field(
                    parameter.name(),
                    new TypeReader().read(parameter.type(), false),
                    TypeReader.isOptional(parameter.type(), parameter),
                    null);
        } catch (Unsupported wrong) {
            throw new Unsupported(
                    "has the parameter " + parameter.name() + ", which " + wrong.sentence());
        }
    }

    private static Shape result(Type returned) {
        Type type = returned;
        if (type.isParameterizedType()
                && type.asParameterizedType()
                        .declaration()
                        .name()
                        .equals("dev.langchain4j.service.Result")) {
            type = type.asParameterizedType().typeArguments().getFirst();
        }
        try {
            if (type.isVoid()) {
                throw new Unsupported("is nothing: return what the model is asked for.");
            }
            Shape shape = new TypeReader().read(type, type == returned);
            if (shape instanceof Shape.Sequence(Shape of)
                    && !(of instanceof Shape.Text)
                    && !(of instanceof Shape.OneOf)) {
                throw new Unsupported(
                        "is a list that AI services cannot read: return a record with the list in it.");
            }
            return shape;
        } catch (Unsupported wrong) {
            throw new Unsupported("returns what " + wrong.sentence());
        }
    }

    private static void refuseMemory(ClassInfo service) {
        AnnotationInfo registered = service.annotation(RegisterAiService.class);
        if (registered == null || !registered.hasMember("chatMemoryProviderSupplier")) {
            return;
        }
        AnnotationMember memory = registered.member("chatMemoryProviderSupplier");
        String supplier = memory.asType().asClass().declaration().name();
        if (!NO_MEMORY.contains(TypeReader.simple(supplier))) {
            throw new Unsupported(
                    "has a chat memory (chatMemoryProviderSupplier), but the rows of a batch know nothing"
                            + " of each other: take it out, or put the task into an AI service of its"
                            + " own.");
        }
    }

    private static int bulkhead(MethodInfo method) {
        AnnotationInfo bulkhead = method.annotation(Bulkhead.class);
        if (bulkhead == null) {
            bulkhead = method.declaringClass().annotation(Bulkhead.class);
        }
        return bulkhead == null ? 0 : bulkhead.hasValue() ? bulkhead.value().asInt() : 10;
    }

    /// As [Signature] has it; notes the classes, which are not found by their names in a binary.
    private String javaType(Type type) {
        if (type.isPrimitive()) {
            return type.asPrimitive().name();
        }
        if (type.isParameterizedType()) {
            String list = TypeReader.simple(type.asParameterizedType().declaration().name());
            Type of = type.asParameterizedType().typeArguments().getFirst();
            return list + "<" + javaType(of) + ">";
        }
        ClassInfo declared = type.asClass().declaration();
        classes.put(declared.name(), declared);
        return declared.name();
    }

    /// Makes the bean that tells of them.
    @Synthesis
    public void found(SyntheticComponents components) {
        components
                .addBean(FoundTasks.class)
                .type(FoundTasks.class)
                .scope(Singleton.class)
                .withParam(
                        FoundTasks.SIGNATURES,
                        signatures.values().stream()
                                .map(signature -> signature.toJson().toString())
                                .toArray(String[]::new))
                .withParam(FoundTasks.INVOKERS, invokers.values().toArray(InvokerInfo[]::new))
                .withParam(FoundTasks.CLASSES, classes.values().toArray(ClassInfo[]::new))
                .createWith(FoundTasks.Creator.class);
    }
}
