package io.penstock.http;

import io.penstock.json.InvalidRequest;
import io.penstock.store.StoreException;
import io.penstock.store.StoreLog;
import io.quarkus.security.ForbiddenException;
import jakarta.ws.rs.NotAllowedException;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.NotSupportedException;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/// Turns whatever goes wrong at an HTTP door into the one error shape. What nobody foresaw is
/// logged here, once, and told to nobody else.
class Errors {

    private static final Logger LOG = Logger.getLogger(Errors.class);

    private final StoreLog storeLog;

    Errors(StoreLog storeLog) {
        this.storeLog = storeLog;
    }

    @ServerExceptionMapper
    Response refused(ProblemException refused) {
        return problem(refused.problem());
    }

    private static Response problem(Problem problem) {
        Response.ResponseBuilder answer =
                Response.status(problem.status())
                        .type(MediaType.APPLICATION_JSON_TYPE)
                        .entity(problem.toJson().toString());
        Long retryAfter = problem.retryAfterSeconds();
        if (retryAfter != null) {
            answer.header("retry-after", retryAfter).header("retry-after-ms", retryAfter * 1000);
        }
        if (problem.isFinal()) {
            answer.header("x-should-retry", "false");
        }
        return answer.build();
    }

    @ServerExceptionMapper
    Response invalid(InvalidRequest invalid) {
        return problem(Problem.of(invalid));
    }

    @ServerExceptionMapper
    Response store(StoreException failed) {
        storeLog.failed("The store failed a caller", failed.text());
        return problem(Problem.storeUnavailable());
    }

    @ServerExceptionMapper
    Response forbidden(ForbiddenException forbidden) {
        return problem(
                Problem.refused(403, "not_allowed", "This needs a key that may administer keys."));
    }

    @ServerExceptionMapper
    Response notFound(NotFoundException notFound, UriInfo uri) {
        return problem(Signposts.at(uri.getRequestUri().getRawPath()));
    }

    @ServerExceptionMapper
    Response notAllowed(NotAllowedException notAllowed, UriInfo uri) {
        String allowed = Allowed.at(uri.getRequestUri().getRawPath());
        return problem(
                Problem.refused(
                        405,
                        "method_not_allowed",
                        "This path does not take this method; it takes " + allowed + "."));
    }

    @ServerExceptionMapper
    Response notSupported(NotSupportedException notSupported) {
        return problem(unsupportedMediaType());
    }

    @ServerExceptionMapper
    Response other(WebApplicationException refused) {
        int status = refused.getResponse().getStatus();
        if (status >= 500) {
            return unforeseen(refused);
        }
        return problem(
                switch (status) {
                    case 406 -> notAcceptable();
                    default -> unreadable(status, "The request cannot be read.");
                });
    }

    @ServerExceptionMapper
    Response unforeseen(Throwable thrown) {
        LOG.error("A request failed in a way that nobody foresaw", thrown);
        return problem(Problem.internal());
    }

    /// What the router cannot make sense of.
    static Problem unreadable(boolean withoutHost) {
        return unreadable(
                400,
                withoutHost
                        ? "The request has no fit Host header; send the server's name in it."
                        : "The request cannot be read.");
    }

    private static Problem unreadable(int status, String message) {
        return Problem.refused(status, "bad_request", message);
    }

    static Problem notAcceptable() {
        return Problem.refused(
                406,
                "not_acceptable",
                "This path answers with application/json or text/event-stream; change the Accept header.");
    }

    static Problem unsupportedMediaType() {
        return Problem.refused(
                415,
                "unsupported_media_type",
                "Send the body as JSON, with the header Content-Type: application/json; for /batch also as JSON"
                        + " Lines, application/jsonl, or the rows of a task as text/csv, and for"
                        + " /v1/files as a form, multipart/form-data.");
    }

    static Problem unsupportedEncoding(String encoding) {
        return Problem.refused(
                415,
                "unsupported_encoding",
                "The body's Content-Encoding is \""
                        + Headers.printable(encoding)
                        + "\", which is not decoded here; send it without compression.");
    }
}
