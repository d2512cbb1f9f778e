package io.penstock.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.batch.Files;
import io.penstock.json.Fields;
import io.penstock.json.InvalidRequest;
import io.penstock.store.StoredFile;
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
import jakarta.ws.rs.core.UriInfo;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// `/v1/files`: the files that batches read and write (OpenAI API reference, "Files").
@Path("/v1/files")
@Blocking
@RunOnVirtualThread
public class FilesResource {

    private static final String ANCHOR = "expires_after[anchor]";
    private static final String SECONDS = "expires_after[seconds]";
    private static final Set<String> FORM = Set.of("purpose", ANCHOR, SECONDS);
    private static final Set<String> RESERVATION =
            Set.of("filename", "purpose", "bytes", "expires_after");
    private static final Set<String> LIST_OPTIONS = Set.of("purpose", "limit", "order", "after");

    /// API reference, "List files".
    private static final int LIST_MAX = 10_000;

    private static final int FILENAME_MAX = 255;

    /// API reference, "Upload file".
    private static final Set<String> PURPOSES =
            Set.of(
                    "batch",
                    "batch_output",
                    "assistants",
                    "fine-tune",
                    "vision",
                    "user_data",
                    "evals");

    /// What a form has beside its file.
    private static final int FORM_EXTRA = 64 * 1024;

    /// An upload's buffers, where parts go to S3 one by one.
    private static final int UPLOAD_MEMORY = 8 << 20;

    /// A form reaches a function in base64, within the 6 MB of its event ("Lambda quotas").
    private static final int FUNCTION_UPLOAD_MAX = 4_000_000;

    /// A content in a function's answer, for the same reason.
    private static final int FUNCTION_CONTENT_MAX = 4_000_000;

    private final Files files;
    private final Bodies bodies;
    private final Callers callers;
    private final long maxBody;
    private final long maxUpload;
    private final boolean isFunction;

    FilesResource(Files files, Bodies bodies, Callers callers, HttpConfig config, Where where) {
        this.callers = callers;
        this.files = files;
        this.bodies = bodies;
        this.maxBody = config.maxBody().asLongValue();
        this.maxUpload = config.maxUpload().asLongValue();
        this.isFunction = where.isFunction();
    }

    /// Takes a file as it comes, so that it may be larger than memory.
    @POST
    @Consumes(MediaType.MULTIPART_FORM_DATA)
    @Produces(MediaType.APPLICATION_JSON)
    public String upload(@Context RoutingContext exchange, @Context HttpHeaders headers) {
        long announced = Bodies.length(headers.getHeaderString("content-length"));
        boolean read = false;
        try {
            if (isFunction && announced > FUNCTION_UPLOAD_MAX) {
                throw tooLargeForAFunction();
            }
            if (announced > maxUpload + FORM_EXTRA) {
                throw BoundedUpload.tooLarge(maxUpload);
            }
            try (Bodies.Hold hold = bodies.hold(Math.min(UPLOAD_MEMORY, maxBody))) {
                if (hold == null) {
                    throw Bodies.noRoom();
                }
                try (Files.Upload upload = files.upload()) {
                    Form.Read form =
                            Form.read(
                                    bodies.open(exchange),
                                    headers.getHeaderString("content-type"),
                                    "file",
                                    FORM,
                                    new BoundedUpload(upload, maxUpload));
                    read = true;
                    return OpenAiJson.of(complete(upload, form)).toString();
                }
            }
        } catch (IOException broken) {
            throw Problem.refused(400, "bad_request", "The body broke off before its end.")
                    .exception();
        } finally {
            if (!read) {
                Bodies.closeAfter(exchange);
            }
        }
    }

    private StoredFile complete(Files.Upload upload, Form.Read form) {
        if (form.filename() == null) {
            throw InvalidRequest.about(
                    "file", "missing_field", "is missing: add the file to the form.");
        }
        requireBatch(form.fields().get("purpose"));
        String anchor = form.fields().get(ANCHOR);
        String seconds = form.fields().get(SECONDS);
        Duration life = Files.LIFE;
        if (anchor != null || seconds != null) {
            ObjectNode expiry = Fields.JSON.createObjectNode().put("anchor", anchor);
            if (seconds != null && seconds.matches("[0-9]{1,9}")) {
                expiry.put("seconds", Long.parseLong(seconds));
            } else {
                expiry.put("seconds", seconds);
            }
            life = Retention.of(Fields.of(expiry), "expires_after");
        }
        if (upload.bytes() == 0) {
            throw InvalidRequest.about("file", "empty_file", "is empty; send its content.");
        }
        return upload.complete(filename(form.filename()), "batch", life, callers.ownerId());
    }

    /// Makes a file whose content is sent to a link, past the bound of a function's event:
    /// `{"filename","purpose","bytes","expires_after"?}` is answered with the file and
    /// `"x_upload":{"method":"PUT","url","expires_at"}`.
    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    @Produces(MediaType.APPLICATION_JSON)
    public String reserve(@Context RoutingContext exchange) {
        try (Bodies.Body sent = bodies.read(exchange)) {
            Fields fields = Fields.of(sent.bytes()).only(RESERVATION);
            String filename = filename(fields.requiredText("filename"));
            requireBatch(fields.text("purpose"));
            Long bytes = fields.integer("bytes", 1, maxUpload);
            if (bytes == null) {
                throw InvalidRequest.about(
                        "bytes", "missing_field", "is missing: say how long the file is.");
            }
            Duration life =
                    fields.has("expires_after")
                            ? Retention.of(
                                    Fields.of(fields.object("expires_after")), "expires_after")
                            : Files.LIFE;
            Files.Reserved reserved =
                    files.reserve(filename, "batch", bytes, life, callers.ownerId())
                            .orElseThrow(() ->
                                    Problem.refused(
                                                    400,
                                                    "no_upload_links",
                                                    "The local engine has no links for uploads; send the file as a form,"
                                                            + " multipart/form-data.")
                                            .exception());
            ObjectNode json = OpenAiJson.of(reserved.file());
            json.putObject("x_upload")
                    .put("method", "PUT")
                    .put("url", reserved.link().toString())
                    .put(
                            "expires_at",
                            reserved.file().createdAt().plus(Files.LINK_VALIDITY).getEpochSecond());
            return json.toString();
        }
    }

    @GET
    @Produces(MediaType.APPLICATION_JSON)
    public String list(@Context UriInfo uri) {
        Query query = Query.of(uri, LIST_OPTIONS);
        int limit = query.number("limit", LIST_MAX, LIST_MAX);
        String after = query.text("after");
        if (after != null && files.find(after).filter(callers::sees).isEmpty()) {
            throw InvalidRequest.about("after", "out_of_range", "is the id of no file.");
        }
        String purpose = query.text("purpose");
        if (purpose != null && !PURPOSES.contains(purpose)) {
            throw InvalidRequest.about("purpose", "out_of_range", "must be batch or batch_output.");
        }
        List<StoredFile> found =
                files.list(
                        after,
                        limit + 1,
                        query.oldestFirst(),
                        file ->
                                callers.sees(file)
                                        && (purpose == null || file.purpose().equals(purpose)));
        return OpenAiJson.list(
                found.stream().limit(limit).map(OpenAiJson::of).toList(), found.size() > limit);
    }

    @GET
    @Path("{id}")
    @Produces(MediaType.APPLICATION_JSON)
    public String file(@PathParam("id") String id, @Context UriInfo uri) {
        Query.none(uri);
        return OpenAiJson.of(found(id)).toString();
    }

    /// The file's bytes, whole or the one range that is asked for (RFC 9110, section 14).
    @GET
    @Path("{id}/content")
    public Response content(
            @PathParam("id") String id, @Context UriInfo uri, @Context HttpHeaders headers) {
        Query.none(uri);
        StoredFile file = found(id);
        if (!file.isComplete()) {
            throw Problem.refused(409, "not_uploaded", "The file's content has not been sent yet.")
                    .exception();
        }
        ByteRange range = ByteRange.of(headers.getHeaderString("range"), file.bytes());
        if (range == null) {
            return whole(file);
        }
        if (range.isEmpty()) {
            return Response.status(416)
                    .header("content-range", "bytes */" + file.bytes())
                    .type(MediaType.APPLICATION_JSON_TYPE)
                    .entity(
                            Problem.refused(
                                            416,
                                            "out_of_range",
                                            "The file has "
                                                    + file.bytes()
                                                    + " bytes; ask for some of them.")
                                    .toJson()
                                    .toString())
                    .build();
        }
        return bytes(file, 206, range.first(), range.length())
                .header("content-range", range.toString())
                .build();
    }

    private Response whole(StoredFile file) {
        if (isFunction && file.bytes() > FUNCTION_CONTENT_MAX) {
            return files.link(file)
                    .map(link -> Response.seeOther(link).build())
                    .orElseThrow(() ->
                            Problem.refused(
                                            413,
                                            "answer_too_large",
                                            "The file is larger than the answer of a function may be; read it in ranges,"
                                                    + " with the header Range: bytes=0-3999999 and so on.")
                                    .exception());
        }
        return bytes(file, 200, 0, file.bytes()).build();
    }

    private Response.ResponseBuilder bytes(StoredFile file, int status, long first, long length) {
        Pieces content =
                new Pieces(out -> {
                    try (InputStream in = files.read(file, first, length)) {
                        in.transferTo(out);
                    }
                });
        // No text, so that a function hands it on byte for byte.
        return Response.status(status)
                .entity(content)
                .type(MediaType.APPLICATION_OCTET_STREAM_TYPE)
                .header("content-length", length)
                .header("accept-ranges", "bytes");
    }

    @DELETE
    @Path("{id}")
    @Produces(MediaType.APPLICATION_JSON)
    public String delete(@PathParam("id") String id, @Context UriInfo uri) {
        Query.none(uri);
        files.forget(found(id).id());
        return Fields.JSON
                .createObjectNode()
                .put("id", id)
                .put("object", "file")
                .put("deleted", true)
                .toString();
    }

    private StoredFile found(String id) {
        return files.find(id)
                .filter(callers::sees)
                .orElseThrow(() ->
                        Problem.notFound(
                                        "There is no file of this id; it may have been deleted or have expired.")
                                .exception());
    }

    private static void requireBatch(@Nullable String purpose) {
        if (purpose == null) {
            throw InvalidRequest.about("purpose", "missing_field", "is missing.");
        }
        if (!purpose.equals("batch")) {
            throw InvalidRequest.about(
                    "purpose",
                    "out_of_range",
                    "must be batch: Penstock keeps files for batches alone.");
        }
    }

    private static String filename(String given) {
        String name = given.strip();
        return name.length() > FILENAME_MAX ? name.substring(0, FILENAME_MAX) : name;
    }

    private static ProblemException tooLargeForAFunction() {
        return Problem.refused(
                        413,
                        "body_too_large",
                        "The form is larger than a Lambda function takes. Send {\"filename\",\"purpose\":\"batch\","
                                + "\"bytes\"} to POST /v1/files as application/json instead: the answer's x_upload.url"
                                + " takes the file by PUT.")
                .exception();
    }
}
