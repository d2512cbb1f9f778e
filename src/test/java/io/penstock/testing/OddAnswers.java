package io.penstock.testing;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Answers of servers that are odd below their JSON: packed, with odd heads, with errors in other
/// charsets, or strict about what they are asked.
final class OddAnswers {

    private static final String EVENTS = "text/event-stream";

    private OddAnswers() {}

    /// @param body a completion whose text is the marker
    /// @return null where the marker is none of these
    static byte @Nullable [] of(RawProvider.Asked asked, byte[] body) {
        String marker = asked.marker();
        boolean isFirst = asked.ofMarker() == 0;
        return switch (marker) {
            case "gzip" -> packed("gzip", Packing.GZIP.pack(text(body)));
            case "x-gzip" -> packed("identity, x-gzip", Packing.GZIP.pack(text(body)));
            case "zlib" -> packed("deflate", Packing.ZLIB.pack(text(body)));
            case "raw-deflate" -> packed("deflate", Packing.RAW.pack(text(body)));
            case "not-gzip" -> packed("gzip", body);
            case "encoding-none" -> packed("none", body);
            case "gzip-checksum" ->
                    packed("gzip", damaged(Packing.GZIP.pack(text(body)), isFirst, 8));
            case "gzip-length" ->
                    packed("gzip", damaged(Packing.GZIP.pack(text(body)), isFirst, 4));
            case "zlib-checksum" ->
                    packed("deflate", damaged(Packing.ZLIB.pack(text(body)), isFirst, 4));
            case "gzip-cut" -> packed("gzip", cut(Packing.GZIP.pack(text(body)), isFirst));
            case "zlib-cut" -> packed("deflate", cut(Packing.ZLIB.pack(text(body)), isFirst));
            case "gzip-events" -> events(Packing.GZIP.pack(chunks(marker)));
            case "gzip-events-checksum" ->
                    events(damaged(Packing.GZIP.pack(chunks(marker)), true, 8));
            case "gzip-large" -> packed("gzip", Packing.GZIP.pack("{" + " ".repeat(200 << 20)));
            case "gzip-error" ->
                    RawProvider.http(
                            400,
                            "application/json",
                            Packing.GZIP.pack("{\"error\":{\"message\":\"packed words\"}}"),
                            "content-encoding: gzip");
            case "odd-head" ->
                    RawProvider.http(
                            200,
                            "application/json",
                            body,
                            "no colon at all",
                            "x-control: a\u0000b\u0007c",
                            "x-folded: a",
                            "\tb",
                            "näme: x",
                            "x-request-id: req_odd");
            case "two-lengths" ->
                    RawProvider.http(200, "application/json", body, "content-length: 3");
            case "latin-1" ->
                    error("text/plain", "Größe überschritten", StandardCharsets.ISO_8859_1);
            case "long-error" ->
                    error(
                            "application/json",
                            "{\"error\":{\"message\":\"too many words: "
                                    + "w ".repeat(100_000)
                                    + "\"}}",
                            StandardCharsets.UTF_8);
            case "refuses-with-500", "refuses-inside" -> refused(asked, body);
            default -> null;
        };
    }

    private static byte @Nullable [] refused(RawProvider.Asked asked, byte[] body) {
        if (!asked.body().contains("stream_options")) {
            return RawProvider.http(200, "application/json", body);
        }
        return asked.marker().equals("refuses-inside")
                ? RawProvider.http(
                        200,
                        "application/json",
                        "{\"error\":\"Unknown field: stream_options\"}"
                                .getBytes(StandardCharsets.UTF_8))
                : RawProvider.http(
                        500,
                        "application/json",
                        "{\"error\":\"got an unexpected keyword argument 'stream_options'\"}"
                                .getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] error(String type, String text, Charset charset) {
        return RawProvider.http(400, type, text.getBytes(charset));
    }

    private static byte[] packed(String encoding, byte[] body) {
        return RawProvider.http(200, "application/json", body, "content-encoding: " + encoding);
    }

    private static byte[] events(byte[] body) {
        return RawProvider.http(200, EVENTS, body, "content-encoding: gzip");
    }

    private static byte[] damaged(byte[] packed, boolean isWanted, int fromEnd) {
        if (isWanted) {
            packed[packed.length - fromEnd] ^= 1;
        }
        return packed;
    }

    private static byte[] cut(byte[] packed, boolean isWanted) {
        return isWanted ? Arrays.copyOf(packed, packed.length - 3) : packed;
    }

    private static String chunks(String text) {
        return "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\""
                + text
                + "\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    }

    private static String text(byte[] body) {
        return new String(body, StandardCharsets.UTF_8);
    }
}
