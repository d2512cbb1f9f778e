package io.penstock.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.batch.Batches;
import io.penstock.batch.Results;
import io.penstock.json.InvalidRequest;
import io.penstock.store.Job;
import io.penstock.store.Where;
import io.smallrye.common.annotation.Blocking;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What comes of a batch, while it runs and after: `/batch/{id}/results` and `/batch/{id}/events`.
@Path("/batch/{id}")
@Blocking
@RunOnVirtualThread
public class ResultsResource {

    private static final String JSON_LINES = "application/jsonl";
    private static final int PAGE_MAX = 10_000;
    private static final Set<String> OPTIONS = Set.of("after", "limit", "order");
    private static final Duration TICK = Duration.ofMillis(500);

    private final Batches batches;
    private final Callers callers;
    private final boolean isFunction;

    ResultsResource(Batches batches, Callers callers, Where where) {
        this.callers = callers;
        this.batches = batches;
        this.isFunction = where.isFunction();
    }

    /// The results that are there, one line of JSON for each: all, or a page with `x-next-cursor`.
    @GET
    @Path("results")
    public Response results(@PathParam("id") String id, @Context UriInfo uri) {
        Query query = Query.of(uri, OPTIONS);
        Results.Order wanted = order(query.text("order"));
        String after = query.text("after");
        int limit = query.number("limit", 0, PAGE_MAX);
        Job job = found(id);
        Results results = batches.results(job);
        if (limit == 0 && after == null) {
            if (isFunction) {
                return atOnce(results, wanted);
            }
            return Response.ok(new Pieces(out -> results.write(wanted, out)), JSON_LINES).build();
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
    @Path("events")
    @Produces(MediaType.SERVER_SENT_EVENTS)
    public Response events(@PathParam("id") String id, @Context UriInfo uri) {
        Query.none(uri);
        if (isFunction) {
            throw Problem.invalid(
                            null,
                            "streaming_unsupported",
                            "A Lambda function's answer is not streamed: ask GET /batch/"
                                    + id
                                    + " every few seconds instead; its status says when the batch has"
                                    + " ended.")
                    .exception();
        }
        Job first = found(id);
        return EventStream.of(events -> follow(first, events));
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
        ObjectNode json = JobJson.of(job, batches.progress(job), batches.now());
        json.remove("results");
        json.remove("errors");
        if (!job.status().isTerminal()) {
            // They change without anything having happened.
            json.remove(List.of("rate_per_second", "eta_seconds"));
        }
        return json.toString();
    }

    private Job found(String id) {
        return batches.find(id).filter(callers::sees).orElseThrow(BatchResource::unknown);
    }

    private static Results.Order order(@Nullable String order) {
        return switch (order) {
            case null -> Results.Order.FINISHED;
            case "finished" -> Results.Order.FINISHED;
            case "input" -> Results.Order.INPUT;
            default ->
                    throw InvalidRequest.about(
                            "order", "out_of_range", "must be finished or input.");
        };
    }
}
