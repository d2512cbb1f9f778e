package io.penstock.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.batch.Batches;
import io.penstock.batch.Files;
import io.penstock.batch.ItemReader;
import io.penstock.batch.Sha256;
import io.penstock.batch.Submissions;
import io.penstock.batch.Submissions.Request;
import io.penstock.batch.Submissions.Submitted;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import io.penstock.store.Job;
import io.penstock.store.Job.Status;
import io.penstock.store.StoredFile;
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
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.UriInfo;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// `/v1/batches`: OpenAI's batch API (API reference, "Batch") on the same jobs as `/batch`, of
/// which it shows those that were made here.
@Path("/v1/batches")
@Produces(MediaType.APPLICATION_JSON)
@Blocking
@RunOnVirtualThread
public class OpenAiBatchResource {

    private static final Set<String> FIELDS =
            Set.of(
                    "input_file_id",
                    "endpoint",
                    "completion_window",
                    "metadata",
                    "output_expires_after");

    private static final Set<String> LIST_OPTIONS = Set.of("after", "limit");
    private static final int LIST_MAX = 100;

    /// API reference, "Metadata".
    private static final int METADATA_PAIRS = 16;

    private static final int METADATA_KEY = 64;
    private static final int METADATA_VALUE = 512;

    private static final Pattern WINDOW = Pattern.compile("([1-9]\\d{0,4})([smh])");
    private static final Duration WINDOW_MAX = Duration.ofHours(24);

    private final Batches batches;
    private final Submissions submissions;
    private final Files files;
    private final Bodies bodies;
    private final Callers callers;

    OpenAiBatchResource(
            Batches batches, Submissions submissions, Files files, Bodies bodies, Callers callers) {
        this.callers = callers;
        this.batches = batches;
        this.submissions = submissions;
        this.files = files;
        this.bodies = bodies;
    }

    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    public String create(@Context RoutingContext exchange, @Context HttpHeaders headers) {
        String key = IdempotencyKey.of(headers);
        try (Bodies.Body sent = bodies.read(exchange)) {
            MessageDigest digest = Sha256.begin();
            digest.update(sent.bytes());
            Fields fields = Fields.of(sent.bytes()).only(FIELDS);
            String fileId = fields.requiredText("input_file_id");
            if (!ItemReader.CHAT.equals(fields.requiredText("endpoint"))) {
                throw InvalidRequest.about(
                        "endpoint", "out_of_range", "must be " + ItemReader.CHAT + ".");
            }
            String window = fields.requiredText("completion_window");
            Duration expiry = window(window);
            Job.OpenAi asked =
                    new Job.OpenAi(
                            fileId,
                            window,
                            metadata(fields),
                            outputLife(fields),
                            null,
                            null,
                            null,
                            null);
            requireInput(fileId);
            return answer(
                    submissions.submitUnread(
                            null,
                            new Request(
                                    Fields.JSON.createObjectNode(),
                                    key,
                                    Sha256.end(digest),
                                    null,
                                    expiry,
                                    asked,
                                    callers.owner())));
        }
    }

    private String answer(Submitted submitted) {
        return switch (submitted) {
            case Submitted.Accepted(Job job) -> json(job).toString();
            case Submitted.Known(Job job) -> json(job).toString();
            case Submitted.Conflict _ -> throw IdempotencyKey.conflict();
        };
    }

    private void requireInput(String fileId) {
        StoredFile file =
                files.find(fileId)
                        .filter(callers::sees)
                        .orElseThrow(() ->
                                Problem.notFound(
                                                "\"input_file_id\" is the id of no file; upload one to /v1/files.")
                                        .exception());
        if (!file.purpose().equals("batch")) {
            throw InvalidRequest.of(
                    "input_file_id",
                    "out_of_range",
                    "The file's purpose is " + file.purpose() + "; it must be batch.");
        }
        if (!file.isComplete()) {
            throw InvalidRequest.of(
                    "input_file_id",
                    "not_uploaded",
                    "The file's content has not been sent yet; PUT it to its x_upload.url first.");
        }
    }

    @GET
    public String list(@Context UriInfo uri) {
        Query query = Query.of(uri, LIST_OPTIONS);
        int limit = query.number("limit", 20, LIST_MAX);
        String after = query.text("after");
        if (after != null) {
            found(after);
        }
        List<Job> found =
                batches.list(after, limit + 1, job -> job.openAi() != null && callers.sees(job));
        return OpenAiJson.list(
                found.stream().limit(limit).map(this::json).toList(), found.size() > limit);
    }

    @GET
    @Path("{id}")
    public String batch(@PathParam("id") String id, @Context UriInfo uri) {
        Query.none(uri);
        return json(found(id)).toString();
    }

    @POST
    @Path("{id}/cancel")
    public String cancel(@PathParam("id") String id, @Context UriInfo uri) {
        Query.none(uri);
        Job job = batches.cancel(found(id).id()).orElseThrow(OpenAiBatchResource::unknown);
        if (job.status() != Status.CANCELLING && job.status() != Status.CANCELLED) {
            throw Problem.refused(
                            409,
                            "wrong_state",
                            "The batch has ended as "
                                    + job.status().wireName()
                                    + " and cannot be cancelled.")
                    .exception();
        }
        return json(job).toString();
    }

    private ObjectNode json(Job job) {
        Job.OpenAi asked = job.openAi();
        if (asked == null) {
            throw unknown();
        }
        return OpenAiJson.of(job, asked, batches.progress(job));
    }

    private Job found(String id) {
        return batches.find(id)
                .filter(job -> job.openAi() != null && callers.sees(job))
                .orElseThrow(OpenAiBatchResource::unknown);
    }

    private static ProblemException unknown() {
        return Problem.notFound(
                        "There is no batch of this id that was made at /v1/batches; it may be past its retention.")
                .exception();
    }

    private static Duration window(String text) {
        Matcher matcher = WINDOW.matcher(text);
        if (matcher.matches()) {
            long count = Long.parseLong(matcher.group(1));
            Duration window =
                    switch (matcher.group(2)) {
                        case "s" -> Duration.ofSeconds(count);
                        case "m" -> Duration.ofMinutes(count);
                        default -> Duration.ofHours(count);
                    };
            if (window.compareTo(WINDOW_MAX) <= 0) {
                return window;
            }
        }
        throw InvalidRequest.about(
                "completion_window",
                "out_of_range",
                "must be a time up to 24h, such as 24h, 90m or 30s.");
    }

    private static @Nullable String metadata(Fields fields) {
        JsonNode metadata = fields.object("metadata");
        if (metadata == null) {
            return null;
        }
        for (Map.Entry<String, JsonNode> pair : metadata.properties()) {
            if (pair.getKey().length() > METADATA_KEY
                    || !pair.getValue().isTextual()
                    || pair.getValue().textValue().length() > METADATA_VALUE) {
                throw badMetadata();
            }
        }
        if (metadata.size() > METADATA_PAIRS) {
            throw badMetadata();
        }
        return metadata.toString();
    }

    private static InvalidRequest badMetadata() {
        return InvalidRequest.about(
                "metadata",
                "out_of_range",
                "may have "
                        + METADATA_PAIRS
                        + " pairs of strings, names of up to "
                        + METADATA_KEY
                        + " characters and values of up to "
                        + METADATA_VALUE
                        + ".");
    }

    private static @Nullable Duration outputLife(Fields fields) {
        return fields.has("output_expires_after")
                ? Retention.of(
                        Fields.of(fields.object("output_expires_after")), "output_expires_after")
                : null;
    }
}
