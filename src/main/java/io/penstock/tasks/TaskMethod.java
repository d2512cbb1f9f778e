package io.penstock.tasks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.flow.Turns;
import io.penstock.json.InvalidRequest;
import io.penstock.llm.Wanted;
import jakarta.enterprise.invoke.Invoker;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One task: a method of an AI service, with what is known of it. Immutable and thread-safe.
public final class TaskMethod {

    private final Signature signature;
    private final Arguments arguments;
    private final Invoker<Object, Object> method;
    private final @Nullable Turns turns;

    TaskMethod(FoundTasks.Found found, Map<String, Class<?>> classes) {
        this.signature = found.signature();
        this.arguments = new Arguments(signature, classes);
        this.method = found.method();
        this.turns = signature.bulkhead() == 0 ? null : new Turns(signature.bulkhead());
    }

    public String name() {
        return signature.name();
    }

    /// The interface and the method, for people.
    public String method() {
        return signature.method();
    }

    /// The JSON schema of its arguments.
    public ObjectNode argumentsSchema() {
        return signature.arguments().schema();
    }

    /// The JSON schema of its result.
    public ObjectNode resultSchema() {
        return signature.result().schema();
    }

    /// The names of its parameters, in their order.
    public List<String> argumentNames() {
        return signature.arguments().fields().stream().map(Shape.Field::name).toList();
    }

    /// Whether it has a parameter of that name.
    public boolean takes(String argument) {
        return signature.arguments().names().contains(argument);
    }

    /// Checks which arguments there are.
    ///
    /// @throws InvalidRequest that names the argument and says what to change
    public void checkNames(Set<String> given) {
        arguments.checkNames(given);
    }

    /// What a cell of a table stands for: an argument that is no text, as JSON.
    ///
    /// @param argument that it [#takes]
    /// @return a missing node where the cell is empty and stands for nothing
    public JsonNode cell(String argument, String text) {
        return arguments.cell(argument, text);
    }

    /// Checks arguments.
    ///
    /// @param at the field that holds them, such as `args`; empty where they are the whole
    /// @throws InvalidRequest that names the argument and says what to change
    public void check(JsonNode given, String at) {
        arguments.check(given, at);
    }

    /// Bounds its runs in this process by its `@Bulkhead`; null for no bound of its own.
    @Nullable Turns turns() {
        return turns;
    }

    /// What its model's answers have to be like.
    ///
    /// @param reask how often a model is asked again whose answer does not fit
    Wanted wanted(int reask) {
        return new Wanted(
                signature.isText() ? null : signature.responseFormat(), this::misfit, reask);
    }

    private @Nullable String misfit(String text) {
        return Fit.misfit(signature, text);
    }

    /// Runs the method, through whatever stands before it.
    ///
    /// @throws InvalidRequest when a value is refused by its own type
    @Nullable Object invoke(ObjectNode given, ObjectMapper json) throws Exception {
        return method.invoke(null, arguments.values(given, json));
    }
}
