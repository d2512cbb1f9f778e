package io.penstock.llm;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.CombinedChannelDuplexHandler;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestEncoder;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// HTTP/1.1 on one connection, strict about which bytes belong to which answer, so that no answer
/// can reach a call that did not ask for it.
///
/// Interim answers (100 to 199) are passed over, however many there are (RFC 9110, section 15.2);
/// Vert.x 4.5 takes 102 and 104 for the answer itself and hands the real one to the next call. A
/// connection on which anything else comes that nobody asked for (bytes after an answer's end, a
/// second answer, bytes while no request is under way, another protocol) ends and is never used
/// again. So does one whose answer came before its request was written to the end: nobody knows
/// whether the provider takes the rest of it for another request. What is odd in a head is mended
/// or refused by [ResponseHead].
///
/// Belongs to its connection's event loop.
final class StrictResponseCodec
        extends CombinedChannelDuplexHandler<
                StrictResponseCodec.Decoder, StrictResponseCodec.Encoder> {

    /// @param spoiled is run when the connection must not be used again
    StrictResponseCodec(int maxHeaderBytes, Runnable spoiled) {
        Decoder decoder =
                new Decoder(
                        new HttpDecoderConfig()
                                .setMaxInitialLineLength(maxHeaderBytes)
                                .setMaxHeaderSize(maxHeaderBytes)
                                // Of the same length they say one thing (RFC 9110, section 8.6).
                                .setAllowDuplicateContentLengths(true)
                                .setTrailersFactory(
                                        DefaultHttpHeadersFactory.trailersFactory()
                                                .withValidation(false)),
                        spoiled);
        init(decoder, new Encoder(decoder));
    }

    static final class Encoder extends HttpRequestEncoder {

        private final Decoder decoder;

        private Encoder(Decoder decoder) {
            this.decoder = decoder;
        }

        @Override
        protected void encode(ChannelHandlerContext context, Object message, List<Object> out)
                throws Exception {
            super.encode(context, message, out);
            if (message instanceof HttpRequest) {
                decoder.awaited++;
            }
        }

        @Override
        public void write(ChannelHandlerContext context, Object message, ChannelPromise promise)
                throws Exception {
            decoder.unwritten++;
            super.write(context, message, promise.unvoid().addListener(_ -> decoder.unwritten--));
        }
    }

    static final class Decoder extends HttpResponseDecoder {

        private static final Pattern FAREWELL = Pattern.compile("HTTP/1\\.[01] 408");
        private static final int FAREWELL_BYTES = 12;

        private final Runnable spoiled;
        private final ResponseHead head;
        private boolean isAtHead = true;
        private int awaited;
        private int unwritten;
        private boolean isInterim;
        private boolean isSpoiled;
        private @Nullable HttpResponse answer;

        private Decoder(HttpDecoderConfig config, Runnable spoiled) {
            super(config);
            this.spoiled = spoiled;
            this.head = new ResponseHead(config.getMaxHeaderSize());
        }

        @Override
        protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out)
                throws Exception {
            if (isSpoiled || (awaited == 0 && in.isReadable())) {
                if (isFarewell(in)) {
                    isSpoiled = true;
                } else {
                    spoil();
                }
                in.skipBytes(in.readableBytes());
                context.close();
                return;
            }
            try {
                if (isAtHead && !head.isReady(in)) {
                    return;
                }
            } catch (NotHttp odd) {
                isSpoiled = true;
                in.skipBytes(in.readableBytes());
                HttpMessage unread = createInvalidMessage();
                unread.setDecoderResult(DecoderResult.failure(odd));
                out.add(unread);
                return;
            }
            isAtHead = false;
            int first = out.size();
            super.decode(context, in, out);
            for (int i = first; i < out.size(); ) {
                i = passedOn(out.get(i), in, context) ? i + 1 : drop(out, i);
            }
        }

        /// Some say 408 before they close an idle connection, which is no reason to distrust them
        /// (RFC 9110, section 15.5.9).
        private static boolean isFarewell(ByteBuf in) {
            return in.readableBytes() >= FAREWELL_BYTES
                    && FAREWELL.matcher(
                                    in.toString(
                                            in.readerIndex(),
                                            FAREWELL_BYTES,
                                            StandardCharsets.US_ASCII))
                            .matches();
        }

        private boolean passedOn(Object message, ByteBuf in, ChannelHandlerContext context) {
            if (message instanceof HttpResponse response) {
                if (response.decoderResult().isFailure()) {
                    response.setDecoderResult(
                            DecoderResult.failure(
                                    NotHttp.unreadable(response.decoderResult().cause())));
                }
                int status = response.status().code();
                // One that cannot be read goes on: its connection breaks, and the call is told.
                isInterim =
                        response.status().codeClass() == HttpStatusClass.INFORMATIONAL
                                && response.decoderResult().isSuccess();
                if (status == 101) {
                    spoil();
                    context.close();
                } else if (!isInterim) {
                    answer = response;
                }
            }
            boolean isPassedOn = !isInterim;
            if (message instanceof LastHttpContent) {
                if (isPassedOn) {
                    ended(in, context);
                }
                isInterim = false;
                isAtHead = true;
            }
            return isPassedOn;
        }

        /// The answer is good, but whatever comes behind it must not meet the next request: its
        /// head, which is read once more at the end, now says that the connection closes.
        private void ended(ByteBuf in, ChannelHandlerContext context) {
            awaited--;
            if (answer != null && (in.isReadable() || unwritten > 0)) {
                answer.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
                if (in.isReadable()) {
                    spoil();
                } else {
                    // A provider that does not read the rest would keep it open for ever.
                    context.executor().execute(context::close);
                }
            }
            answer = null;
        }

        private void spoil() {
            if (!isSpoiled) {
                isSpoiled = true;
                spoiled.run();
            }
        }

        private static int drop(List<Object> out, int i) {
            ReferenceCountUtil.release(out.remove(i));
            return i;
        }
    }
}
