package io.penstock.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.access.KeyAccount;
import io.penstock.json.Fields;
import io.penstock.llm.Completion;
import io.penstock.llm.Failure;
import io.penstock.llm.Prices;
import io.penstock.llm.Usage;
import io.penstock.llm.Work;
import io.penstock.tasks.TaskMethod;
import io.penstock.tasks.TaskOutcome;
import io.penstock.tasks.Tasks;
import io.smallrye.common.annotation.Blocking;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.UriInfo;
import java.util.UUID;

/// `/tasks`: the application's own AI services.
@Path("/tasks")
public class TaskResource {

    private final Tasks tasks;
    private final Bodies bodies;
    private final Callers callers;

    TaskResource(Tasks tasks, Bodies bodies, Callers callers) {
        this.callers = callers;
        this.tasks = tasks;
        this.bodies = bodies;
    }

    /// The tasks with the JSON schemas of what they take and give.
    @GET
    @Produces(MediaType.APPLICATION_JSON)
    public String list(@Context UriInfo uri) {
        Query.none(uri);
        ObjectNode json = Fields.JSON.createObjectNode().put("object", "list");
        ArrayNode data = json.putArray("data");
        for (TaskMethod task : tasks.all()) {
            ObjectNode one = data.addObject().put("name", task.name()).put("method", task.method());
            one.set("arguments", task.argumentsSchema());
            one.set("result", task.resultSchema());
        }
        return json.toString();
    }

    /// Answers when the task has. The body is its arguments. A caller that leaves ends the run.
    @POST
    @Path("{name}")
    @Consumes(MediaType.APPLICATION_JSON)
    @Produces(MediaType.APPLICATION_JSON)
    @Blocking
    @RunOnVirtualThread
    public String run(
            @PathParam("name") String name,
            @Context RoutingContext exchange,
            @Context UriInfo uri) {
        Query.none(uri);
        try (Bodies.Body sent = bodies.read(exchange)) {
            TaskMethod task =
                    tasks.find(name)
                            .orElseThrow(() -> Problem.notFound(tasks.unknown(name)).exception());
            ObjectNode arguments = Fields.of(sent.bytes()).json();
            task.check(arguments, "");
            Tasks.TaskRun run =
                    tasks.begin(task, arguments, "task_" + UUID.randomUUID(), null, null);
            Exchanges.runs(exchange, run.work().calls());
            return switch (KeyAccount.on(callers.account(), () -> tasks.run(run))) {
                case TaskOutcome.Returned returned -> whole(returned, run.work()).toString();
                case TaskOutcome.Failed(Failure failure, String raw) ->
                        throw Refusals.of(failure).about(raw).exception();
            };
        }
    }

    /// `{"result","fallback"?,"model","usage","cost","attempts"}`
    private static ObjectNode whole(TaskOutcome.Returned returned, Work work) {
        ObjectNode json = Fields.JSON.createObjectNode().set("result", returned.value());
        if (returned.fallback()) {
            json.put("fallback", true);
        }
        Completion last = work.last();
        Usage usage = work.usage();
        json.put("model", last == null ? null : last.model())
                .set("usage", usage == null ? null : usage.toJson());
        return json.put("cost", Prices.amount(work.costNanos()))
                .put("attempts", work.calls().attemptCount());
    }
}
