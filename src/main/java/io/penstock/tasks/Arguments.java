package io.penstock.tasks;

import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.fasterxml.jackson.databind.type.TypeFactory;
import io.penstock.json.InvalidRequest;
import io.penstock.json.Json;
import io.penstock.tasks.Shape.Field;
import io.penstock.tasks.Shape.Misfit;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Checks the arguments of a task against its parameters, and makes them what its method takes.
/// Immutable.
final class Arguments {

    private static final List<Class<?>> PLAIN =
            List.of(
                    String.class,
                    URI.class,
                    boolean.class,
                    Boolean.class,
                    byte.class,
                    Byte.class,
                    short.class,
                    Short.class,
                    int.class,
                    Integer.class,
                    long.class,
                    Long.class,
                    float.class,
                    Float.class,
                    double.class,
                    Double.class,
                    BigInteger.class,
                    BigDecimal.class);

    private final Signature signature;
    private final List<JavaType> types = new ArrayList<>();

    /// @param classes of the application's own types, by name
    Arguments(Signature signature, Map<String, Class<?>> classes) {
        this.signature = signature;
        Map<String, Class<?>> all = new HashMap<>(classes);
        PLAIN.forEach(plain -> all.put(plain.getName(), plain));
        signature.types().forEach(type -> types.add(type(type, all)));
    }

    private static JavaType type(String name, Map<String, Class<?>> classes) {
        TypeFactory types = TypeFactory.defaultInstance();
        int of = name.indexOf('<');
        if (of < 0) {
            return types.constructType(classes.get(name));
        }
        JavaType element = type(name.substring(of + 1, name.length() - 1), classes);
        return types.constructCollectionType(
                name.startsWith("Set") ? Set.class : List.class, element);
    }

    /// @param at the field that holds them, such as `args`; empty where they are the whole
    /// @throws InvalidRequest that names the argument and says what to change
    void check(JsonNode arguments, String at) {
        Misfit misfit = signature.arguments().misfit(arguments);
        if (misfit != null) {
            String where = misfit.at();
            String separator = at.isEmpty() || where.isEmpty() ? "" : ".";
            String param = at + separator + where;
            throw InvalidRequest.of(param.isEmpty() ? null : param, misfit.code(), said(misfit));
        }
    }

    /// @throws InvalidRequest that names the argument and says what to change
    void checkNames(Set<String> given) {
        for (String name : given) {
            if (!signature.arguments().names().contains(name)) {
                throw InvalidRequest.of(
                        name, "unknown_field", said(new Misfit(name, "unknown_field", "")));
            }
        }
        for (Field field : signature.arguments().fields()) {
            if (!field.optional() && !given.contains(field.name())) {
                throw InvalidRequest.about(
                        field.name(),
                        "missing_field",
                        "is missing; it must be " + field.shape().words() + ".");
            }
        }
    }

    /// @return a missing node where the cell is empty and stands for nothing
    JsonNode cell(String argument, String text) {
        Field field =
                signature.arguments().fields().stream()
                        .filter(one -> one.name().equals(argument))
                        .findFirst()
                        .orElseThrow();
        boolean isText = field.shape() instanceof Shape.Text;
        if (text.isEmpty() && (field.optional() || !isText)) {
            return MissingNode.getInstance();
        }
        if (isText || field.shape() instanceof Shape.OneOf) {
            return TextNode.valueOf(text);
        }
        try {
            return Json.read(
                    field.shape() instanceof Shape.Truth ? text.toLowerCase(Locale.ROOT) : text);
        } catch (InvalidRequest notJson) {
            // It is said what it has to be, and not how JSON is written.
            return TextNode.valueOf(text);
        }
    }

    private String said(Misfit misfit) {
        if (misfit.at().isEmpty()) {
            return "The arguments of task "
                    + signature.name()
                    + " are no object; give one with "
                    + names()
                    + ".";
        }
        if (misfit.code().equals("unknown_field") && !misfit.at().contains(".")) {
            return "\""
                    + misfit.at()
                    + "\" is no argument of task "
                    + signature.name()
                    + "; its arguments are "
                    + names()
                    + ".";
        }
        return "\"" + misfit.at() + "\" " + misfit.sentence();
    }

    private String names() {
        return String.join(", ", signature.arguments().fields().stream().map(Field::name).toList());
    }

    /// The values of the parameters, in their order.
    ///
    /// @throws InvalidRequest when one of the application's own types takes no such value
    @Nullable Object[] values(ObjectNode arguments, ObjectMapper json) {
        List<Field> fields = signature.arguments().fields();
        @Nullable Object[] values = new Object[fields.size()];
        for (int i = 0; i < values.length; i++) {
            String name = fields.get(i).name();
            try {
                values[i] =
                        arguments.hasNonNull(name)
                                ? json.readerFor(types.get(i)).readValue(arguments.get(name))
                                : null;
            } catch (IOException refused) {
                throw refused(name);
            }
        }
        return values;
    }

    private static InvalidRequest refused(String name) {
        return InvalidRequest.about(
                name, "out_of_range", "is refused by its own type; give it another value.");
    }
}
