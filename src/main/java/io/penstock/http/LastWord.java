package io.penstock.http;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.util.ReferenceCountUtil;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// Lets a client whose message is too long, or whose frames are none, learn so. The server
/// underneath breaks the connection off at such a frame, without a word; and a connection that is
/// closed while the client still sends is reset, which takes the close frame from the client before
/// it has read it. So the close frame is sent in both cases, and what still comes is let through to
/// nowhere until the client has closed or is silent.
///
/// Uses classes of the server that are public without being API. Confined to the connection's event
/// loop.
final class LastWord extends ChannelDuplexHandler {

    private static final String NAME = "last-word";
    private static final String UPGRADE = "websocket";
    private static final long LOOK_MILLIS = 100;
    private static final Duration SILENCE = Duration.ofMillis(500);
    private static final Duration LONGEST = Duration.ofSeconds(10);

    private boolean said;
    private long saidAtNanos;
    private long readAtNanos;

    /// Watches the connection of a request that is to become a socket.
    static void watch(RoutingContext exchange) {
        if (UPGRADE.equalsIgnoreCase(exchange.request().getHeader("upgrade"))
                && exchange.request().connection() instanceof ConnectionBase connection) {
            ChannelHandlerContext server = connection.channelHandlerContext();
            if (server.pipeline().get(NAME) == null) {
                server.pipeline().addBefore(server.name(), NAME, new LastWord());
            }
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) throws Exception {
        if (said) {
            return;
        }
        if (cause instanceof CorruptedWebSocketFrameException corrupt) {
            WebSocketCloseStatus status = corrupt.closeStatus();
            context.writeAndFlush(
                    new CloseWebSocketFrame(
                            status.code(),
                            status.equals(WebSocketCloseStatus.MESSAGE_TOO_BIG)
                                    ? StreamSocket.TOO_LONG.getMessage()
                                    : status.reasonText()));
            say(context);
        } else {
            super.exceptionCaught(context, cause);
        }
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise)
            throws Exception {
        if (said) {
            // RFC 6455, section 5.5.1: no more frames after a close frame.
            ReferenceCountUtil.release(message);
            promise.trySuccess();
            return;
        }
        if (message instanceof CloseWebSocketFrame close
                && close.statusCode() == StreamSocket.TOO_LONG.getCode()) {
            say(context);
        }
        super.write(context, message, promise);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
        if (!said) {
            super.channelRead(context, message);
            return;
        }
        ReferenceCountUtil.release(message);
        if (message instanceof CloseWebSocketFrame) {
            context.close();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) throws Exception {
        readAtNanos = System.nanoTime();
        super.channelReadComplete(context);
    }

    private void say(ChannelHandlerContext context) {
        if (!said) {
            said = true;
            saidAtNanos = System.nanoTime();
            readAtNanos = saidAtNanos;
            // A slow call may have held the client back.
            context.channel().config().setAutoRead(true);
            look(context);
        }
    }

    private void look(ChannelHandlerContext context) {
        long now = System.nanoTime();
        if (now - readAtNanos > SILENCE.toNanos() || now - saidAtNanos > LONGEST.toNanos()) {
            context.close();
        } else if (context.channel().isActive()) {
            context.executor().schedule(() -> look(context), LOOK_MILLIS, TimeUnit.MILLISECONDS);
        }
    }
}
