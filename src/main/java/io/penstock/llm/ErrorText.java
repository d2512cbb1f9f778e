package io.penstock.llm;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.json.Unicode;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The body of an answer with an error's status, which proxies and old servers write in charsets of
/// their own, and which may be cut off ([Exchange#error]).
final class ErrorText {

    private static final Pattern CHARSET =
            Pattern.compile("charset\\s*=\\s*\"?([\\w.:-]{1,40})", Pattern.CASE_INSENSITIVE);

    /// The last byte of a character that was cut off is at most so far away.
    private static final int CUT_CHARACTER = 3;

    private ErrorText() {}

    /// The first value of a body in JSON, as far as it came; a body that is one sentence and no
    /// page is a text.
    static @Nullable JsonNode json(byte[] body, @Nullable String contentType) {
        String decoded = decoded(body, contentType);
        String text = (decoded.startsWith("\uFEFF") ? decoded.substring(1) : decoded).strip();
        if (text.isEmpty() || text.startsWith("<")) {
            return null;
        }
        if ("{[\"".indexOf(text.charAt(0)) >= 0) {
            List<ProviderJson.Value> values = ProviderJson.values(text).list();
            return values.isEmpty() ? ThoroughReading.beginning(text) : values.getFirst().node();
        }
        return ProviderJson.JSON.getNodeFactory().textNode(text);
    }

    /// By the charset that is told, else in UTF-8, else, where it is not UTF-8, in Latin-1.
    private static String decoded(byte[] body, @Nullable String contentType) {
        Charset told = charset(contentType);
        if (told != null && !told.equals(StandardCharsets.UTF_8)) {
            return new String(body, told);
        }
        int at = Unicode.firstThatIsNotUtf8(body);
        boolean isCut = body.length >= Exchange.ERROR_BYTES && at >= body.length - CUT_CHARACTER;
        return new String(
                body, at < 0 || isCut ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1);
    }

    private static @Nullable Charset charset(@Nullable String contentType) {
        Matcher found = CHARSET.matcher(contentType == null ? "" : contentType);
        try {
            return found.find() && Charset.isSupported(found.group(1))
                    ? Charset.forName(found.group(1))
                    : null;
        } catch (IllegalArgumentException notAName) {
            return null;
        }
    }
}
