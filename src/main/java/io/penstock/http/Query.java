package io.penstock.http;

import io.penstock.json.InvalidRequest;
import io.penstock.json.Unicode;
import jakarta.ws.rs.core.UriInfo;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The options in a request's query, each known, given once and not empty: as with the fields of a
/// body, none is passed over in silence.
final class Query {

    private static final int NAME_MAX = 64;

    /// A byte that is never in UTF-8.
    private static final int NONE = 0xff;

    private final Map<String, String> options;

    private Query(Map<String, String> options) {
        this.options = options;
    }

    /// @throws InvalidRequest that names the first option that is not as it should be
    static Query of(UriInfo uri, Set<String> names) {
        return of(uri.getQueryParameters(), uri.getRequestUri().getRawQuery(), names);
    }

    /// @param given each option with its values, decoded
    /// @param raw all of them as they came; null for none
    static Query of(Map<String, List<String>> given, @Nullable String raw, Set<String> names) {
        Map<String, String> options = new TreeMap<>();
        for (Map.Entry<String, List<String>> one : given.entrySet()) {
            String name = one.getKey();
            if (!names.contains(name)) {
                throw unknown(name, "is not an option of this path's query.");
            }
            if (one.getValue().size() > 1) {
                throw InvalidRequest.about(
                        name, "out_of_range", "is in the query more than once; give it once.");
            }
            String value = one.getValue().getFirst();
            if (value.isEmpty()) {
                throw InvalidRequest.about(
                        name, "out_of_range", "is empty; give it a value or leave it out.");
            }
            options.put(name, value);
        }
        requireText(raw);
        return new Query(options);
    }

    /// Refuses a query where nothing would read it.
    static void none(UriInfo uri) {
        none(uri, "is in the query; this path takes no options there.");
    }

    /// The same where options have another place.
    ///
    /// @param instead says where options belong
    static void none(UriInfo uri, String instead) {
        for (String name : uri.getQueryParameters().keySet()) {
            throw unknown(name, instead);
        }
    }

    Map<String, String> options() {
        return options;
    }

    @Nullable String text(String name) {
        return options.get(name);
    }

    /// Whether the list is to begin with the oldest.
    boolean oldestFirst() {
        return switch (options.getOrDefault("order", "desc")) {
            case "asc" -> true;
            case "desc" -> false;
            default -> throw InvalidRequest.about("order", "out_of_range", "must be asc or desc.");
        };
    }

    /// A whole number from 1 to `max`.
    int number(String name, int unset, int max) {
        String value = options.get(name);
        if (value == null) {
            return unset;
        }
        if (!value.matches("[0-9]{1,9}")
                || Integer.parseInt(value) < 1
                || Integer.parseInt(value) > max) {
            throw InvalidRequest.about(
                    name, "out_of_range", "must be a whole number from 1 to " + max + ".");
        }
        return Integer.parseInt(value);
    }

    private static InvalidRequest unknown(String name, String said) {
        String bounded = name.length() > NAME_MAX ? name.substring(0, NAME_MAX) : name;
        return InvalidRequest.about(bounded, "unknown_field", said);
    }

    private static int hex(char high, char low) {
        int first = Character.digit(high, 16);
        int second = Character.digit(low, 16);
        return first < 0 || second < 0 ? NONE : first * 16 + second;
    }

    /// The decoder puts a character of its own where the bytes are none.
    private static void requireText(@Nullable String raw) {
        if (raw == null) {
            return;
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(raw.length());
        for (int i = 0; i < raw.length(); i++) {
            char c = raw.charAt(i);
            if (c == '%') {
                bytes.write(
                        i + 2 < raw.length() ? hex(raw.charAt(i + 1), raw.charAt(i + 2)) : NONE);
                i += 2;
            } else {
                bytes.write(c < 0x80 ? c : NONE);
            }
        }
        if (Unicode.firstThatIsNotUtf8(bytes.toByteArray()) >= 0) {
            throw InvalidRequest.of(
                    null, "invalid_query", "The query is not percent-encoded UTF-8; encode it so.");
        }
    }
}
