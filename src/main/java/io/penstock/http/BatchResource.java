package io.penstock.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.batch.Batches;
import io.penstock.batch.Intake;
import io.penstock.batch.Results;
import io.penstock.batch.Sha256;
import io.penstock.batch.Submissions;
import io.penstock.batch.Submissions.Request;
import io.penstock.batch.Submissions.Submitted;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import io.penstock.store.Job;
import io.penstock.store.Where;
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
import jakarta.ws.rs.core.StreamingOutput;
import jakarta.ws.rs.core.UriInfo;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// `/batch`: many prompts as one job.
@Path("/batch")
@Blocking
@RunOnVirtualThread
public class BatchResource {

    private static final String JSON_LINES = "application/jsonl";
    private static final String ND_JSON = "application/x-ndjson";

    /// Bucket names: Amazon S3 User Guide, "General purpose bucket naming rules".
    private static final String SOURCE = "s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.{1,1024}";

    private static final int KEY_MAX = 255;
    private static final int LIST_MAX = 100;
    private static final int PAGE_MAX = 10_000;
    private static final Set<String> LIST_OPTIONS = Set.of("after", "limit", "status");
    private static final Set<String> RESULTS_OPTIONS = Set.of("after", "limit", "order");
    private static final Set<String> MAX_COST = Set.of("max_cost");
    private static final Duration TICK = Duration.ofMillis(500);

    private final Batches batches;
    private final Submissions submissions;
    private final BatchRequests requests;
    private final Bodies bodies;
    private final Clock clock;
    private final boolean isFunction;

    BatchResource(
            Batches batches,
            Submissions submissions,
            BatchRequests requests,
            Bodies bodies,
            Clock clock,
            Where where) {
        this.batches = batches;
        this.submissions = submissions;
        this.requests = requests;
        this.bodies = bodies;
        this.clock = clock;
        this.isFunction = where.isFunction();
    }

    /// Takes a batch whose items are in one JSON object.
    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    @Produces(MediaType.APPLICATION_JSON)
    public Response submit(
            InputStream body,
            @Context RoutingContext exchange,
            @Context HttpHeaders headers,
            @Context UriInfo uri) {
        String key = key(headers);
        try (Bodies.Body sent = bodies.read(body, exchange)) {
            MessageDigest digest = Sha256.begin();
            digest.update(sent.bytes());
            Fields fields = requests.read(sent.bytes());
            Query.none(
                    uri, "is in the query; that is for JSON Lines, a JSON body has options in it.");
            ObjectNode options = requests.options(fields);
            String source = fields.text("input");
            Request request = new Request(options, key, Sha256.end(digest), null);
            if (source != null) {
                if (!source.matches(SOURCE)) {
                    throw InvalidRequest.of(
                            "input",
                            "out_of_range",
                            "\"input\" must be s3://bucket/key, with the bucket's name of 3 to 63 lower-case"
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
            InputStream body,
            @Context RoutingContext exchange,
            @Context HttpHeaders headers,
            @Context UriInfo uri) {
        boolean read = false;
        try {
            String key = key(headers);
            ObjectNode options = requests.options(Query.of(uri, BatchRequests.IN_QUERY));
            MessageDigest digest = Sha256.begin();
            digest.update(options.toString().getBytes(StandardCharsets.UTF_8));
            try (Intake intake = submissions.intake()) {
                requests.takeIn(new DigestInputStream(body, digest), options, intake);
                read = true;
                return answer(
                        submissions.submit(
                                intake, new Request(options, key, Sha256.end(digest), null)));
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
            throw InvalidRequest.of(
                    "status",
                    "out_of_range",
                    "\"status\" must be processing, paused, completed, failed, cancelling,"
                            + " cancelled or expired.");
        }
        if (after != null && batches.find(after).isEmpty()) {
            throw InvalidRequest.of("after", "out_of_range", "\"after\" is the id of no batch.");
        }
        List<Job> found =
                batches.list(
                        after,
                        count + 1,
                        job -> status == null || JobJson.status(job).equals(status));
        ObjectNode json = Fields.JSON.createObjectNode().put("object", "list");
        ArrayNode data = json.putArray("data");
        for (Job job : found.subList(0, Math.min(count, found.size()))) {
            data.add(JobJson.of(job, batches.progress(job), clock.instant()));
        }
        return json.put("has_more", found.size() > count).toString();
    }

    @GET
    @Path("{id}")
    @Produces(MediaType.APPLICATION_JSON)
    public String status(@PathParam("id") String id, @Context UriInfo uri) {
        Query.none(uri);
        Job job = found(id);
        return JobJson.withResults(
                        job, batches.progress(job), batches.results(job), clock.instant())
                .toString();
    }

    /// The results that are there, one line of JSON for each: all, or a page with `x-next-cursor`.
    @GET
    @Path("{id}/results")
    public Response results(@PathParam("id") String id, @Context UriInfo uri) {
        Query query = Query.of(uri, RESULTS_OPTIONS);
        Results.Order wanted = order(query.text("order"));
        String after = query.text("after");
        int limit = query.number("limit", 0, PAGE_MAX);
        Job job = found(id);
        Results results = batches.results(job);
        if (limit == 0 && after == null) {
            if (isFunction) {
                return atOnce(results, wanted);
            }
            StreamingOutput whole = out -> results.write(wanted, out);
            return Response.ok(whole, JSON_LINES).build();
        }
        Results.Page page = results.page(wanted, after, limit == 0 ? PAGE_MAX : limit);
        return Response.ok(page.lines(), JSON_LINES).header("x-next-cursor", page.cursor()).build();
    }

    /// A function's answer is not streamed and has a bound.
    private static Response atOnce(Results results, Results.Order order) {
        Long size = results.size();
        if (size == null || size <= Results.PAGE_BYTES) {
            Results.Page page = results.page(order, null, Integer.MAX_VALUE);
            if (page.isLast()) {
                return Response.ok(page.lines(), JSON_LINES).build();
            }
        }
        return results.link()
                .map(link -> Response.seeOther(link).build())
                .orElseThrow(() ->
                        Problem.refused(
                                        413,
                                        "answer_too_large",
                                        "The results are larger than the answer of a function may be; read them in"
                                                + " pages, ?limit=1000 and then &after= with each page's"
                                                + " x-next-cursor.")
                                .exception());
    }

    /// Tells of a batch's progress as it comes, until it has ended.
    @GET
    @Path("{id}/events")
    @Produces(MediaType.SERVER_SENT_EVENTS)
    public Response events(
            @PathParam("id") String id, @Context UriInfo uri, @Context RoutingContext exchange) {
        Query.none(uri);
        Job first = found(id);
        return EventStream.of(exchange, events -> follow(first, events));
    }

    private void follow(Job first, EventStream events) throws IOException, InterruptedException {
        Optional<Job> job = Optional.of(first);
        String last = "";
        while (job.isPresent()) {
            String line = line(job.get());
            if (!line.equals(last)) {
                events.event(line);
                last = line;
            }
            if (job.get().status().isTerminal() || !events.pause(TICK)) {
                return;
            }
            job = batches.find(first.id());
        }
    }

    private String line(Job job) {
        ObjectNode json = JobJson.of(job, batches.progress(job), clock.instant());
        json.remove("results");
        json.remove("errors");
        if (!job.status().isTerminal()) {
            // They change without anything having happened.
            json.remove(List.of("rate_per_second", "eta_seconds"));
        }
        return json.toString();
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
    public Response retry(@PathParam("id") String id, @Context UriInfo uri) {
        Query.none(uri);
        Job job = found(id);
        if (!job.status().isTerminal()) {
            throw Problem.refused(
                            409, "not_terminal", "The batch has not ended; retry it when it has.")
                    .exception();
        }
        return answer(submissions.retry(job));
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
        Job job = change.apply(id).orElseThrow(BatchResource::unknown);
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
                .entity(JobJson.of(job, batches.progress(job), clock.instant()).toString())
                .build();
    }

    private Job found(String id) {
        return batches.find(id).orElseThrow(BatchResource::unknown);
    }

    private static ProblemException unknown() {
        return Problem.refused(
                        404,
                        "not_found",
                        "There is no batch of this id; it may be past its retention.")
                .exception();
    }

    private static Response answer(Submitted submitted) {
        return switch (submitted) {
            case Submitted.Accepted(Job job) -> created(202, job);
            case Submitted.Known(Job job) -> created(200, job);
            case Submitted.Conflict _ -> throw conflict();
        };
    }

    static ProblemException conflict() {
        return Problem.refused(
                        409,
                        "idempotency_conflict",
                        "This Idempotency-Key came with another request before; use a new one.")
                .exception();
    }

    private static Response created(int status, Job job) {
        return Response.status(status)
                .header("location", "/batch/" + job.id())
                .entity(
                        Fields.JSON
                                .createObjectNode()
                                .put("job_id", job.id())
                                .put("total", job.input().itemCount())
                                .toString())
                .build();
    }

    static @Nullable String key(HttpHeaders headers) {
        String key = headers.getHeaderString("idempotency-key");
        if (key != null && (key.isBlank() || key.length() > KEY_MAX)) {
            throw InvalidRequest.of(
                    "Idempotency-Key",
                    "out_of_range",
                    "Idempotency-Key must have from 1 to " + KEY_MAX + " characters.");
        }
        return key;
    }

    private static Results.Order order(@Nullable String order) {
        return switch (order) {
            case null -> Results.Order.FINISHED;
            case "finished" -> Results.Order.FINISHED;
            case "input" -> Results.Order.INPUT;
            default ->
                    throw InvalidRequest.of(
                            "order", "out_of_range", "\"order\" must be finished or input.");
        };
    }
}
