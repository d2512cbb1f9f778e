package io.penstock.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.json.Fields;
import io.penstock.llm.Models;
import io.smallrye.common.annotation.Blocking;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.List;

/// `/v1/models`: the models that can be asked for.
@Path("/v1/models")
@Produces(MediaType.APPLICATION_JSON)
@Blocking
@RunOnVirtualThread
public class ModelsResource {

    private final Models models;

    ModelsResource(Models models) {
        this.models = models;
    }

    @GET
    public String list() {
        ObjectNode json = Fields.JSON.createObjectNode().put("object", "list");
        ArrayNode data = json.putArray("data");
        data.addAll(known());
        return json.toString();
    }

    /// @param id may hold slashes, as many providers' do
    @GET
    @Path("{id: .+}")
    public String model(@PathParam("id") String id) {
        return known().stream()
                .filter(model -> model.path("id").asText().equals(id))
                .findFirst()
                .orElseThrow(() ->
                        Problem.refused(
                                        404,
                                        "model_not_found",
                                        "The provider lists no model of this name; GET /v1/models has those it does.")
                                .exception())
                .toString();
    }

    private List<ObjectNode> known() {
        return switch (models.known()) {
            case Models.Known.Listed(List<ObjectNode> listed) -> listed;
            case Models.Known.Unknown(var failure) -> throw Refusals.openAi(failure).exception();
        };
    }
}
