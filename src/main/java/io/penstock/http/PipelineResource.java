package io.penstock.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.access.KeyAccount;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import io.penstock.llm.PromptReader;
import io.penstock.llm.Usage;
import io.penstock.pipeline.Pipeline;
import io.penstock.pipeline.Pipelines;
import io.penstock.pipeline.Run;
import io.penstock.pipeline.Stage;
import io.penstock.pipeline.StageOutcome.Failed;
import io.penstock.pipeline.StageOutcome.Finished;
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
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// `/pipeline`: one input through several stages.
@Path("/pipeline")
public class PipelineResource {

    private static final Set<String> FIELDS = Set.of("id", "input", "timeout_ms");
    private static final int ID_MAX = 512;

    private final Pipelines pipelines;
    private final PromptReader prompts;
    private final Bodies bodies;
    private final Callers callers;

    PipelineResource(Pipelines pipelines, PromptReader prompts, Bodies bodies, Callers callers) {
        this.callers = callers;
        this.pipelines = pipelines;
        this.prompts = prompts;
        this.bodies = bodies;
    }

    /// The configured pipelines, without their prompts.
    @GET
    @Produces(MediaType.APPLICATION_JSON)
    public String list(@Context UriInfo uri) {
        Query.none(uri);
        ObjectNode json = Fields.JSON.createObjectNode().put("object", "list");
        ArrayNode data = json.putArray("data");
        for (Pipeline pipeline : pipelines.all()) {
            ArrayNode stages = data.addObject().put("name", pipeline.name()).putArray("stages");
            for (Stage stage : pipeline.stages()) {
                stages.addObject()
                        .put("name", stage.name())
                        .put("model", pipelines.model(stage))
                        .put("max_concurrency", stage.maxConcurrency())
                        .put("task", stage.taskName());
            }
        }
        return json.toString();
    }

    /// Answers when the last stage has. A caller that leaves ends the run.
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
            Pipeline pipeline =
                    pipelines
                            .find(name)
                            .orElseThrow(
                                    () -> Problem.notFound(pipelines.unknown(name)).exception());
            Fields fields = Fields.of(sent.bytes()).only(FIELDS);
            String id = id(fields);
            PromptReader.Asked asked = prompts.read(fields, "input");
            Run run = Run.of(pipeline, asked.prompt().text(), asked.limit());
            Exchanges.runs(exchange, run.calls());
            return switch (KeyAccount.on(callers.account(), () -> pipelines.run(run, _ -> {}))) {
                case Finished last -> whole(id, run, last).toString();
                case Failed failed ->
                        throw Refusals.of(failed.failure())
                                .in(failed.name(), Finished.array(run.finished()))
                                .exception();
            };
        }
    }

    private static @Nullable String id(Fields fields) {
        String id = fields.text("id");
        if (id != null && id.length() > ID_MAX) {
            throw InvalidRequest.about(
                    "id", "out_of_range", "must have " + ID_MAX + " characters at most.");
        }
        return id;
    }

    /// `{"id","stages":[{"name","result","model","finish_reason","usage","attempts"}…],
    /// "final_result","usage","attempts"}`
    private static ObjectNode whole(@Nullable String id, Run run, Finished last) {
        List<Finished> stages = run.finished();
        ObjectNode json = Fields.JSON.createObjectNode().put("id", id);
        json.set("stages", Finished.array(stages));
        Usage usage = Finished.usage(stages);
        json.put("final_result", last.result()).set("usage", usage == null ? null : usage.toJson());
        return json.put("attempts", run.calls().attemptCount());
    }
}
