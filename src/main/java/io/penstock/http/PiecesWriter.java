package io.penstock.http;

import io.penstock.store.StoreException;
import io.penstock.store.StoreLog;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.ext.Provider;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.lang.annotation.Annotation;
import java.lang.reflect.Type;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.core.ResteasyReactiveRequestContext;
import org.jboss.resteasy.reactive.server.spi.ResteasyReactiveResourceInfo;
import org.jboss.resteasy.reactive.server.spi.ServerMessageBodyWriter;
import org.jboss.resteasy.reactive.server.spi.ServerRequestContext;
import org.jspecify.annotations.Nullable;

/// Lets [Pieces] be written, and ends a body that breaks off: alone, whatever else is on its
/// connection. What has gone wrong is logged here, as it is too late to tell it to the client.
@Provider
class PiecesWriter implements ServerMessageBodyWriter<Pieces> {

    private static final Logger LOG = Logger.getLogger(PiecesWriter.class);

    private final StoreLog storeLog;

    PiecesWriter(StoreLog storeLog) {
        this.storeLog = storeLog;
    }

    @Override
    public void writeResponse(Pieces pieces, Type type, ServerRequestContext context)
            throws IOException {
        ResteasyReactiveRequestContext request = (ResteasyReactiveRequestContext) context;
        RoutingContext exchange = request.serverRequest().unwrap(RoutingContext.class);
        Outflow out = new Outflow(exchange, length(request));
        try {
            pieces.content().write(out);
            out.finish();
        } catch (IOException | RuntimeException broken) {
            if (out.isOver()) {
                out.cutOff();
            } else if (out.isBegun()) {
                out.cutOff();
                log(broken);
            } else {
                throw broken;
            }
        }
    }

    private void log(Exception broken) {
        switch (broken) {
            case StoreException failed ->
                    storeLog.failed("The store failed in the middle of an answer", failed.text());
            case InterruptedIOException _ ->
                    LOG.info("An answer is cut off: the server stops, or its time is up");
            default -> LOG.error("An answer broke off in a way that nobody foresaw", broken);
        }
    }

    /// It has to be known to the server before the first piece.
    private static @Nullable String length(ResteasyReactiveRequestContext request) {
        Object length =
                request.getResponse().get().getHeaders().getFirst(HttpHeaders.CONTENT_LENGTH);
        return length == null ? null : length.toString();
    }

    @Override
    public boolean isWriteable(
            Class<?> type, Type generic, ResteasyReactiveResourceInfo target, MediaType media) {
        return type == Pieces.class;
    }

    @Override
    public boolean isWriteable(
            Class<?> type, Type generic, Annotation[] annotations, MediaType media) {
        return type == Pieces.class;
    }

    @Override
    public void writeTo(
            Pieces pieces,
            Class<?> type,
            Type generic,
            Annotation[] annotations,
            MediaType media,
            MultivaluedMap<String, Object> headers,
            OutputStream out) {
        throw new IllegalStateException("Pieces are written to the server itself.");
    }
}
