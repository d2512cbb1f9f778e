package io.penstock.http;

import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Writes what an answer's headers tell beside the answer itself. Whatever a value is, and whatever
/// goes wrong while it is found, the answer goes out: at worst without that header.
final class Headers {

    private static final Logger LOG = Logger.getLogger(Headers.class);

    private static final int VALUE_MAX = 256;

    private static final Pattern UNPRINTABLE = Pattern.compile("[^ -~]");

    private final BiConsumer<String, String> answer;

    /// @param answer takes a header's name and value
    Headers(BiConsumer<String, String> answer) {
        this.answer = answer;
    }

    /// @param value gives null for a header that is not there
    void put(String name, Supplier<@Nullable String> value) {
        try {
            String known = value.get();
            if (known != null) {
                answer.accept(name, printable(known));
            }
        } catch (RuntimeException unforeseen) {
            LOG.errorf(unforeseen, "An answer goes out without its header %s", name);
        }
    }

    void putAll(Supplier<Map<String, String>> values) {
        try {
            values.get().forEach((name, value) -> put(name, () -> value));
        } catch (RuntimeException unforeseen) {
            LOG.error("An answer goes out without its headers of limits", unforeseen);
        }
    }

    /// A header's value as it may be (RFC 9110, section 5.5), and not longer than clients take.
    static String printable(String value) {
        String bounded = value.length() > VALUE_MAX ? value.substring(0, VALUE_MAX) : value;
        for (int i = 0; i < bounded.length(); i++) {
            if (bounded.charAt(i) < ' ' || bounded.charAt(i) > '~') {
                return UNPRINTABLE.matcher(bounded).replaceAll("?");
            }
        }
        return bounded;
    }
}
