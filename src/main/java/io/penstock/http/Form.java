package io.penstock.http;

import io.penstock.json.InvalidRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jboss.resteasy.reactive.common.util.CaseInsensitiveMap;
import org.jboss.resteasy.reactive.server.core.multipart.MultipartParser;
import org.jspecify.annotations.Nullable;

/// A form with one file (RFC 7578), read as it comes: the file goes on piece by piece, and only the
/// other fields are kept. Not thread-safe.
///
/// The parser is Quarkus REST's own, which is public without being API; this is the only place that
/// uses it.
final class Form implements MultipartParser.PartHandler {

    private static final int FIELD_BYTES = 4 * 1024;
    private static final int HEADER_BYTES = 16 * 1024;
    private static final int PIECE = 16 * 1024;

    private final String fileField;
    private final Set<String> names;
    private final OutputStream content;
    private final Map<String, String> fields = new LinkedHashMap<>();
    private final byte[] value = new byte[FIELD_BYTES];
    private @Nullable String name;
    private @Nullable String filename;
    private int length;

    /// Bytes since the last part began or ended, as long as none is open.
    private int outside;

    private Form(String fileField, Set<String> names, OutputStream content) {
        this.fileField = fileField;
        this.names = names;
        this.content = content;
    }

    /// What was read beside the file's content.
    ///
    /// @param filename null when there was no file
    record Read(Map<String, String> fields, @Nullable String filename) {}

    /// Reads a form to its end.
    ///
    /// @param names the fields that it may have beside the file
    /// @param content takes what is in the file
    /// @throws InvalidRequest when it is not as it should be
    /// @throws IOException when it breaks off, or `content` throws it
    static Read read(
            InputStream in,
            @Nullable String contentType,
            String fileField,
            Set<String> names,
            OutputStream content)
            throws IOException {
        Form form = new Form(fileField, names, content);
        MultipartParser.ParseState parser =
                MultipartParser.beginParse(form, boundary(contentType), "UTF-8");
        byte[] piece = new byte[PIECE];
        for (int count = in.read(piece); count >= 0; count = in.read(piece)) {
            form.outside = form.name == null ? form.outside + count : 0;
            if (form.outside > HEADER_BYTES + PIECE) {
                throw malformed("its parts' headers are longer than " + HEADER_BYTES + " bytes");
            }
            try {
                parser.parse(ByteBuffer.wrap(piece, 0, count));
            } catch (RuntimeException e) {
                throw e instanceof InvalidRequest || e instanceof ProblemException
                        ? e
                        : malformed("its parts cannot be told apart");
            }
        }
        if (!parser.isComplete()) {
            throw malformed("it has no last boundary");
        }
        return new Read(form.fields, form.filename);
    }

    @Override
    public void beginPart(CaseInsensitiveMap<String> headers) {
        String disposition = headers.getFirst("Content-Disposition");
        String found = parameter(disposition, "name");
        if (found == null) {
            throw malformed("a part has no name");
        }
        name = found;
        length = 0;
        if (found.equals(fileField)) {
            if (filename != null) {
                throw InvalidRequest.about(fileField, "out_of_range", "is in the form twice.");
            }
            String given = parameter(disposition, "filename");
            filename = given == null || given.isBlank() ? "upload" : given;
        } else if (!names.contains(found)) {
            String bounded = found.length() > 64 ? found.substring(0, 64) : found;
            throw InvalidRequest.about(bounded, "unknown_field", "is not a field of this form.");
        }
    }

    @Override
    public void data(ByteBuffer bytes) throws IOException {
        if (fileField.equals(name)) {
            content.write(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining());
            return;
        }
        if (bytes.remaining() > FIELD_BYTES - length) {
            throw InvalidRequest.about(
                    name, "out_of_range", "is longer than " + FIELD_BYTES + " bytes.");
        }
        int count = bytes.remaining();
        bytes.get(value, length, count);
        length += count;
    }

    @Override
    public void endPart() {
        if (name != null && !name.equals(fileField)) {
            fields.put(name, new String(value, 0, length, StandardCharsets.UTF_8));
        }
        name = null;
    }

    private static byte[] boundary(@Nullable String contentType) {
        String boundary = parameter(contentType, "boundary");
        // RFC 2046, section 5.1.1.
        if (boundary == null || boundary.isEmpty() || boundary.length() > 70) {
            throw malformed("its Content-Type names no boundary");
        }
        return boundary.getBytes(StandardCharsets.UTF_8);
    }

    /// A parameter of a header, with or without quotation marks; browsers write `%22` for one
    /// inside (WHATWG HTML, "Multipart form data").
    private static @Nullable String parameter(@Nullable String header, String wanted) {
        if (header == null) {
            return null;
        }
        int at = header.indexOf(';');
        while (at >= 0) {
            int equals = header.indexOf('=', at);
            if (equals < 0) {
                return null;
            }
            String key = header.substring(at + 1, equals).strip();
            int start = equals + 1;
            int end;
            String value;
            if (start < header.length() && header.charAt(start) == '"') {
                end = header.indexOf('"', start + 1);
                while (end > 0 && header.charAt(end - 1) == '\\') {
                    end = header.indexOf('"', end + 1);
                }
                if (end < 0) {
                    return null;
                }
                value = header.substring(start + 1, end).replace("\\\"", "\"").replace("%22", "\"");
            } else {
                end = header.indexOf(';', start);
                value = header.substring(start, end < 0 ? header.length() : end).strip();
            }
            if (key.equalsIgnoreCase(wanted)) {
                return value;
            }
            at = end < 0 ? -1 : header.indexOf(';', end);
        }
        return null;
    }

    private static InvalidRequest malformed(String what) {
        return InvalidRequest.of(
                null,
                "invalid_form",
                "The body is no form of the type multipart/form-data: " + what + ".");
    }
}
