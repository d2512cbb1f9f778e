package io.penstock.tasks;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.langchain4j.model.output.structured.Description;
import io.penstock.tasks.Shape.Field;
import io.quarkus.runtime.annotations.RegisterForReflection;
import jakarta.enterprise.lang.model.AnnotationInfo;
import jakarta.enterprise.lang.model.AnnotationMember;
import jakarta.enterprise.lang.model.AnnotationTarget;
import jakarta.enterprise.lang.model.declarations.ClassInfo;
import jakarta.enterprise.lang.model.declarations.FieldInfo;
import jakarta.enterprise.lang.model.declarations.ParameterInfo;
import jakarta.enterprise.lang.model.declarations.RecordComponentInfo;
import jakarta.enterprise.lang.model.types.Type;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Reads the shape of a type in the source, when the application is built. Not thread-safe.
final class TypeReader {

    static final Set<String> LISTS = Set.of("java.util.List", "java.util.Set");

    private final Deque<String> around = new ArrayDeque<>();

    /// A type that no task can have; its message is the end of a sentence.
    static final class Unsupported extends RuntimeException {

        private static final long serialVersionUID = 1L;

        Unsupported(String sentence) {
            super(sentence, null, false, false);
        }

        String sentence() {
            return String.valueOf(getMessage());
        }
    }

    /// @param isKnown whether a binary can make values of it without being told
    Shape read(Type type, boolean isKnown) {
        if (type.isPrimitive()) {
            return named(type.asPrimitive().name(), type);
        }
        if (type.isParameterizedType()) {
            String name = type.asParameterizedType().declaration().name();
            Type of = type.asParameterizedType().typeArguments().getFirst();
            if (LISTS.contains(name)) {
                return new Shape.Sequence(read(of, false));
            }
            throw new Unsupported(
                    (name.equals("java.util.Map")
                                    ? "is a map, of which no schema can say the keys: "
                                    : "is a " + simple(name) + " of something: ")
                            + "take a record, or a list.");
        }
        if (!type.isClass()) {
            throw new Unsupported("is neither a class nor a primitive: take a record, or a list.");
        }
        ClassInfo declared = type.asClass().declaration();
        if (declared.isEnum()) {
            return new Shape.OneOf(constants(declared));
        }
        return declared.isRecord() ? structure(declared, isKnown) : named(declared.name(), type);
    }

    private static Shape named(String name, Type type) {
        return switch (name) {
            case "java.lang.String", "java.net.URI" -> new Shape.Text();
            case "boolean", "java.lang.Boolean" -> new Shape.Truth();
            case "byte", "java.lang.Byte" -> new Shape.Whole(8);
            case "short", "java.lang.Short" -> new Shape.Whole(16);
            case "int", "java.lang.Integer" -> new Shape.Whole(32);
            case "long", "java.lang.Long" -> new Shape.Whole(64);
            case "java.math.BigInteger" -> new Shape.Whole(0);
            case "float", "java.lang.Float", "double", "java.lang.Double", "java.math.BigDecimal" ->
                    new Shape.Decimal();
            default ->
                    throw new Unsupported(
                            "is "
                                    + simple(name)
                                    + ": take text, a number, a boolean, an enum, a record, or a list of"
                                    + " these.");
        };
    }

    private static List<String> constants(ClassInfo declared) {
        return declared.fields().stream()
                .filter(field ->
                        field.isStatic()
                                && field.type().isClass()
                                && field.type()
                                        .asClass()
                                        .declaration()
                                        .name()
                                        .equals(declared.name()))
                .map(TypeReader::name)
                .toList();
    }

    private Shape structure(ClassInfo declared, boolean isKnown) {
        String simple = declared.simpleName();
        if (around.contains(declared.name())) {
            throw new Unsupported(
                    "holds the record " + simple + " within itself, which has no end: part them.");
        }
        if (!declared.typeParameters().isEmpty()) {
            throw new Unsupported("is the generic record " + simple + ": write its types out.");
        }
        if (!isKnown && !declared.hasAnnotation(RegisterForReflection.class)) {
            throw new Unsupported(
                    "is or holds the record "
                            + simple
                            + ", which a native binary cannot make: put @RegisterForReflection on it.");
        }
        around.push(declared.name());
        List<Field> fields = new ArrayList<>();
        for (RecordComponentInfo component : inOrder(declared)) {
            fields.add(field(simple, component));
        }
        around.pop();
        return new Shape.Structure(List.copyOf(fields), description(declared));
    }

    /// As they are written: the container has them by their names, but a constructor's parameters
    /// in order.
    private static List<RecordComponentInfo> inOrder(ClassInfo declared) {
        List<RecordComponentInfo> components = new ArrayList<>(declared.recordComponents());
        Set<String> names =
                components.stream().map(RecordComponentInfo::name).collect(Collectors.toSet());
        declared.constructors().stream()
                .map(made -> made.parameters().stream().map(ParameterInfo::name).toList())
                .filter(order -> order.size() == names.size() && names.containsAll(order))
                .findFirst()
                .ifPresent(order ->
                        components.sort(Comparator.comparing(one -> order.indexOf(one.name()))));
        return components;
    }

    private Field field(String holder, RecordComponentInfo component) {
        FieldInfo field = component.field();
        Type type = component.type();
        try {
            return new Field(
                    name(field),
                    read(type, false),
                    isOptional(type, component) || isOptional(type, field),
                    description(field));
        } catch (Unsupported within) {
            String sentence = within.sentence();
            throw sentence.startsWith("has the field")
                    ? within
                    : new Unsupported(
                            "has the field "
                                    + holder
                                    + "."
                                    + component.name()
                                    + ", which "
                                    + sentence);
        }
    }

    /// Whether a value may be null: anything named so will do, as everywhere in Java.
    static boolean isOptional(Type type, AnnotationTarget declared) {
        return type.hasAnnotation(TypeReader::saysNullable)
                || declared.hasAnnotation(TypeReader::saysNullable);
    }

    private static boolean saysNullable(AnnotationInfo annotation) {
        return simple(annotation.name()).equals("Nullable");
    }

    /// The name in JSON.
    private static String name(FieldInfo field) {
        AnnotationInfo named = field.annotation(JsonProperty.class);
        String name = named == null || !named.hasValue() ? "" : named.value().asString();
        return name.isEmpty() ? field.name() : name;
    }

    private static @Nullable String description(AnnotationTarget declared) {
        AnnotationInfo said = declared.annotation(Description.class);
        return said == null
                ? null
                : said.value().asArray().stream()
                        .map(AnnotationMember::asString)
                        .collect(Collectors.joining(" "));
    }

    static String simple(String name) {
        return name.substring(Math.max(name.lastIndexOf('.'), name.lastIndexOf('$')) + 1);
    }
}
