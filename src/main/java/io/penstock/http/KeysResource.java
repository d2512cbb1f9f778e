package io.penstock.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.access.KeyIdentities;
import io.penstock.access.KeyJson;
import io.penstock.access.KeyRequest;
import io.penstock.access.Keys;
import io.penstock.json.Fields;
import io.penstock.store.CallerKey;
import io.penstock.store.CallerKeys;
import io.penstock.store.Where;
import io.smallrye.common.annotation.Blocking;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.vertx.ext.web.RoutingContext;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.time.Duration;
import java.util.Set;

/// `/keys`: makes, lists, rotates and ends callers' keys, for those whose own key may. In AWS the
/// functions cannot write keys; the command can, with the operator's own credentials.
@Path("/keys")
@Produces(MediaType.APPLICATION_JSON)
@RolesAllowed(KeyIdentities.ADMIN)
@Blocking
@RunOnVirtualThread
public class KeysResource {

    private static final Set<String> ROTATION = Set.of("overlap_seconds");
    private static final long OVERLAP_MAX = 366L * 24 * 3600;

    private final Keys keys;
    private final CallerKeys stored;
    private final Bodies bodies;
    private final boolean isFunction;

    KeysResource(Keys keys, CallerKeys stored, Bodies bodies, Where where) {
        this.keys = keys;
        this.stored = stored;
        this.bodies = bodies;
        this.isFunction = where.isFunction();
    }

    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    public Response make(@Context RoutingContext exchange, @Context UriInfo uri) {
        Query.none(uri);
        requireServer();
        try (Bodies.Body sent = bodies.read(exchange)) {
            return told(201, keys.make(KeyRequest.of(Fields.of(sent.bytes()))));
        }
    }

    @GET
    public String list(@Context UriInfo uri) {
        Query.none(uri);
        ObjectNode json = Fields.JSON.createObjectNode().put("object", "list");
        ArrayNode data = json.putArray("data");
        for (CallerKey key : keys.all()) {
            data.add(KeyJson.of(key, stored.now()));
        }
        return json.toString();
    }

    @GET
    @Path("{id}")
    public String key(@PathParam("id") String id, @Context UriInfo uri) {
        Query.none(uri);
        return keys.find(id)
                .map(key -> KeyJson.of(key, stored.now()).toString())
                .orElseThrow(KeysResource::unknown);
    }

    @POST
    @Path("{id}/rotate")
    @Consumes(MediaType.APPLICATION_JSON)
    public Response rotate(
            @PathParam("id") String id, @Context RoutingContext exchange, @Context UriInfo uri) {
        Query.none(uri);
        requireServer();
        Duration overlap = Keys.OVERLAP;
        try (Bodies.Body sent = bodies.read(exchange)) {
            if (sent.bytes().length > 0) {
                Long seconds =
                        Fields.of(sent.bytes())
                                .only(ROTATION)
                                .integer("overlap_seconds", 0, OVERLAP_MAX);
                overlap = seconds == null ? overlap : Duration.ofSeconds(seconds);
            }
        }
        return told(200, keys.rotate(id, overlap).orElseThrow(KeysResource::unknown));
    }

    @DELETE
    @Path("{id}")
    public String end(@PathParam("id") String id, @Context UriInfo uri) {
        Query.none(uri);
        requireServer();
        return keys.end(id)
                .map(key -> KeyJson.of(key, stored.now()).toString())
                .orElseThrow(KeysResource::unknown);
    }

    private Response told(int status, Keys.Made made) {
        return Response.status(status)
                .header("cache-control", "no-store")
                .entity(KeyJson.of(made, stored.now()).toString())
                .build();
    }

    private void requireServer() {
        if (isFunction) {
            throw Problem.refused(
                            403,
                            "not_allowed",
                            "A function may not write keys; use the command keys with your own"
                                    + " credentials.")
                    .exception();
        }
    }

    private static ProblemException unknown() {
        return Problem.notFound("There is no key of this id.").exception();
    }
}
