package io.penstock.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.batch.Batches;
import io.penstock.batch.Intake;
import io.penstock.batch.Sha256;
import io.penstock.batch.Submissions;
import io.penstock.batch.Submissions.Request;
import io.penstock.batch.Submissions.Submitted;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import io.penstock.store.Job;
import io.smallrye.common.annotation.Blocking;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/// `/batch`: many prompts as one job; [ResultsResource] has what comes of them.
@Path("/batch")
@Blocking
@RunOnVirtualThread
public class BatchResource {

    private static final String JSON_LINES = "application/jsonl";
    private static final String ND_JSON = "application/x-ndjson";
    private static final String CSV = "text/csv";

    /// Bucket names: Amazon S3 User Guide, "General purpose bucket naming rules".
    private static final String SOURCE = "s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.{1,1024}";

    private static final int LIST_MAX = 100;
    private static final Set<String> LIST_OPTIONS = Set.of("after", "limit", "status");
    private static final Set<String> MAX_COST = Set.of("max_cost");

    private final Batches batches;
    private final Submissions submissions;
    private final BatchRequests requests;
    private final Bodies bodies;
    private final Callers callers;

    BatchResource(
            Batches batches,
            Submissions submissions,
            BatchRequests requests,
            Bodies bodies,
            Callers callers) {
        this.callers = callers;
        this.batches = batches;
        this.submissions = submissions;
        this.requests = requests;
        this.bodies = bodies;
    }

    /// Takes a batch whose items are in one JSON object.
    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    @Produces(MediaType.APPLICATION_JSON)
    public Response submit(
            @Context RoutingContext exchange, @Context HttpHeaders headers, @Context UriInfo uri) {
        String key = IdempotencyKey.of(headers);
        try (Bodies.Body sent = bodies.read(exchange)) {
            MessageDigest digest = Sha256.begin();
            digest.update(sent.bytes());
            Fields fields = requests.read(sent.bytes());
            Query.none(
                    uri, "is in the query; that is for JSON Lines, a JSON body has options in it.");
            ObjectNode options = requests.options(fields);
            String source = fields.text("input");
            Request request = new Request(options, key, Sha256.end(digest), null, callers.owner());
            if (source != null) {
                if (!source.matches(SOURCE)) {
                    throw InvalidRequest.about(
                            "input",
                            "out_of_range",
                            "must be s3://bucket/key, with the bucket's name of 3 to 63 lower-case"
                                    + " letters, digits, dots and hyphens.");
                }
                return answer(submissions.submitUnread(source, request));
            }
            try (Intake intake = submissions.intake()) {
                requests.takeIn(fields, options, intake);
                return answer(submissions.submit(intake, request));
            }
        }
    }

    /// Takes a batch line by line, so that it may be larger than memory. Options for all items are
    /// in the query.
    @POST
    @Consumes({JSON_LINES, ND_JSON})
    @Produces(MediaType.APPLICATION_JSON)
    public Response submitLines(
            @Context RoutingContext exchange, @Context HttpHeaders headers, @Context UriInfo uri) {
        return submit(exchange, headers, uri, requests::takeIn);
    }

    /// Takes the rows of a task, likewise.
    @POST
    @Consumes(CSV)
    @Produces(MediaType.APPLICATION_JSON)
    public Response submitTable(
            @Context RoutingContext exchange, @Context HttpHeaders headers, @Context UriInfo uri) {
        return submit(exchange, headers, uri, requests::takeInTable);
    }

    /// Takes in the items of a body.
    @FunctionalInterface
    private interface TakingIn {

        void from(InputStream body, ObjectNode options, Intake intake, Bodies.Hold line)
                throws IOException;
    }

    private Response submit(
            RoutingContext exchange, HttpHeaders headers, UriInfo uri, TakingIn items) {
        boolean read = false;
        Bodies.Hold line = bodies.hold(0);
        try (line) {
            if (line == null) {
                throw Bodies.noRoom();
            }
            String key = IdempotencyKey.of(headers);
            ObjectNode options = requests.options(Query.of(uri, BatchRequests.IN_QUERY));
            MessageDigest digest = Sha256.begin();
            digest.update(options.toString().getBytes(StandardCharsets.UTF_8));
            try (Intake intake = submissions.intake()) {
                items.from(
                        new DigestInputStream(bodies.open(exchange), digest),
                        options,
                        intake,
                        line);
                read = true;
                return answer(
                        submissions.submit(
                                intake,
                                new Request(
                                        options, key, Sha256.end(digest), null, callers.owner())));
            } catch (IOException broken) {
                throw Problem.refused(400, "bad_request", "The body broke off before its end.")
                        .exception();
            }
        } finally {
            if (!read) {
                Bodies.closeAfter(exchange);
            }
        }
    }

    @GET
    @Produces(MediaType.APPLICATION_JSON)
    public String list(@Context UriInfo uri) {
        Query query = Query.of(uri, LIST_OPTIONS);
        int count = query.number("limit", 20, LIST_MAX);
        String after = query.text("after");
        String status = query.text("status");
        if (status != null && !JobJson.STATUSES.contains(status)) {
            throw InvalidRequest.about(
                    "status",
                    "out_of_range",
                    "must be processing, paused, completed, failed, cancelling,"
                            + " cancelled or expired.");
        }
        if (after != null && batches.find(after).filter(callers::sees).isEmpty()) {
            throw InvalidRequest.about("after", "out_of_range", "is the id of no batch.");
        }
        List<Job> found =
                batches.list(
                        after,
                        count + 1,
                        job ->
                                callers.sees(job)
                                        && (status == null || JobJson.status(job).equals(status)));
        ObjectNode json = Fields.JSON.createObjectNode().put("object", "list");
        ArrayNode data = json.putArray("data");
        for (Job job : found.subList(0, Math.min(count, found.size()))) {
            data.add(JobJson.of(job, batches.progress(job), batches.now()));
        }
        return json.put("has_more", found.size() > count).toString();
    }

    @GET
    @Path("{id}")
    @Produces(MediaType.APPLICATION_JSON)
    public String status(@PathParam("id") String id, @Context UriInfo uri) {
        Query.none(uri);
        Job job = found(id);
        return JobJson.withResults(job, batches.progress(job), batches.results(job), batches.now())
                .toString();
    }

    @POST
    @Path("{id}/cancel")
    @Produces(MediaType.APPLICATION_JSON)
    public Response cancel(@PathParam("id") String id, @Context UriInfo uri) {
        Query.none(uri);
        return changed(
                id,
                batches::cancel,
                job ->
                        job.status() == Job.Status.CANCELLING
                                || job.status() == Job.Status.CANCELLED,
                "cancelled");
    }

    @POST
    @Path("{id}/pause")
    @Produces(MediaType.APPLICATION_JSON)
    public Response pause(@PathParam("id") String id, @Context UriInfo uri) {
        Query.none(uri);
        return changed(id, batches::pause, job -> isOpen(job) && job.paused() != null, "paused");
    }

    @POST
    @Path("{id}/resume")
    @Produces(MediaType.APPLICATION_JSON)
    public Response resume(@PathParam("id") String id, @Context UriInfo uri) {
        BigDecimal maxCost = BatchRequests.maxCost(Query.of(uri, MAX_COST));
        return changed(
                id,
                found -> batches.resume(found, maxCost),
                job -> isOpen(job) && job.paused() == null,
                "resumed");
    }

    private static boolean isOpen(Job job) {
        return !job.status().isTerminal() && job.status() != Job.Status.CANCELLING;
    }

    @POST
    @Path("{id}/retry")
    @Produces(MediaType.APPLICATION_JSON)
    public Response retry(
            @PathParam("id") String id, @Context HttpHeaders headers, @Context UriInfo uri) {
        Query.none(uri);
        String key = IdempotencyKey.of(headers);
        Job job = found(id);
        if (!job.status().isTerminal()) {
            throw Problem.refused(
                            409, "not_terminal", "The batch has not ended; retry it when it has.")
                    .exception();
        }
        return answer(submissions.retry(job, key), failed(job));
    }

    @DELETE
    @Path("{id}")
    public Response delete(@PathParam("id") String id, @Context UriInfo uri) {
        Query.none(uri);
        Job job = found(id);
        if (!job.status().isTerminal()) {
            throw Problem.refused(409, "not_terminal", "The batch has not ended; cancel it first.")
                    .exception();
        }
        batches.delete(job);
        return Response.noContent().build();
    }

    private Response changed(
            String id, Function<String, Optional<Job>> change, Predicate<Job> wanted, String done) {
        Job job = change.apply(found(id).id()).orElseThrow(BatchResource::unknown);
        if (!wanted.test(job)) {
            throw Problem.refused(
                            409,
                            "wrong_state",
                            "The batch "
                                    + (job.status().isTerminal() ? "has ended as " : "is ")
                                    + job.status().wireName()
                                    + " and cannot be "
                                    + done
                                    + ".")
                    .exception();
        }
        return Response.status(202)
                .entity(JobJson.of(job, batches.progress(job), batches.now()).toString())
                .build();
    }

    private Job found(String id) {
        return batches.find(id).filter(callers::sees).orElseThrow(BatchResource::unknown);
    }

    static ProblemException unknown() {
        return Problem.notFound("There is no batch of this id; it may be past its retention.")
                .exception();
    }

    private static long failed(Job job) {
        Job.Totals totals = job.totals();
        return totals == null ? 0 : totals.counts().ended() - totals.counts().completed();
    }

    private static Response answer(Submitted submitted) {
        return answer(submitted, 0);
    }

    /// @param items that a job will have which are not taken in yet
    private static Response answer(Submitted submitted, long items) {
        return switch (submitted) {
            case Submitted.Accepted(Job job) -> created(202, job, items);
            case Submitted.Known(Job job) -> created(200, job, items);
            case Submitted.Conflict _ -> throw IdempotencyKey.conflict();
        };
    }

    private static Response created(int status, Job job, long items) {
        return Response.status(status)
                .header("location", "/batch/" + job.id())
                .entity(
                        Fields.JSON
                                .createObjectNode()
                                .put("job_id", job.id())
                                .put("total", Math.max(items, job.input().itemCount()))
                                .toString())
                .build();
    }
}
