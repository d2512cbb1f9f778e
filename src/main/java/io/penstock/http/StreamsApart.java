package io.penstock.http;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.Http2Exception;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.ext.web.RoutingContext;

/// Keeps the calls on an HTTP/2 connection from ending each other. The server underneath closes the
/// whole connection when something is written to a stream that its caller has just left; here that
/// is nothing. And what is left of a body that nobody reads would hold back the bodies of others,
/// for which the connection has one window; so an answer that comes before the end of its request
/// ends the stream.
///
/// Uses classes of the server that are public without being API.
@ChannelHandler.Sharable
final class StreamsApart extends ChannelInboundHandlerAdapter {

    private static final String NAME = "streams-apart";
    private static final StreamsApart HANDLER = new StreamsApart();

    /// NO_ERROR (RFC 9113, sections 7 and 8.1).
    private static final long ANSWERED = 0;

    private StreamsApart() {}

    /// Looks after a request and its connection, where that is one of HTTP/2.
    static void watch(RoutingContext exchange) {
        HttpServerRequest request = exchange.request();
        if (request.version() != HttpVersion.HTTP_2
                || !(request.connection() instanceof ConnectionBase connection)) {
            return;
        }
        ChannelHandlerContext server = connection.channelHandlerContext();
        if (server.pipeline().get(NAME) == null) {
            server.pipeline().addBefore(server.name(), NAME, HANDLER);
        }
        exchange.addEndHandler(end -> {
            if (end.succeeded() && exchange.response().ended() && !request.isEnded()) {
                // After what was written before.
                server.executor().execute(() -> exchange.response().reset(ANSWERED));
            }
        });
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) throws Exception {
        if (!isOfOneStream(cause)) {
            super.exceptionCaught(context, cause);
        }
    }

    /// Netty's encoder has no type of its own for a stream that is not there any more.
    private static boolean isOfOneStream(Throwable cause) {
        return cause instanceof Http2Exception.StreamException
                || ((cause instanceof IllegalArgumentException
                                || cause instanceof IllegalStateException)
                        && String.valueOf(cause.getMessage()).startsWith("Stream "));
    }
}
