package io.penstock.http;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The part of a content that the header `Range` asks for (RFC 9110, section 14.1.2).
///
/// @param first the first byte's position
/// @param last the last byte's position; before the first where the content has none of them
/// @param size of the whole content
record ByteRange(long first, long last, long size) {

    private static final Pattern ONE = Pattern.compile("bytes=(\\d{0,18})-(\\d{0,18})");

    /// @return null for no range, several, or one that cannot be read: then all is wanted
    static @Nullable ByteRange of(@Nullable String header, long size) {
        Matcher range = ONE.matcher(String.valueOf(header));
        if (!range.matches() || range.group().equals("bytes=-")) {
            return null;
        }
        if (range.group(1).isEmpty()) {
            return new ByteRange(
                    Math.max(0, size - Long.parseLong(range.group(2))), size - 1, size);
        }
        long last =
                range.group(2).isEmpty()
                        ? size - 1
                        : Math.min(size - 1, Long.parseLong(range.group(2)));
        return new ByteRange(Long.parseLong(range.group(1)), last, size);
    }

    boolean isEmpty() {
        return first >= size || first > last;
    }

    long length() {
        return last - first + 1;
    }

    /// As in `Content-Range`.
    @Override
    public String toString() {
        return "bytes " + first + "-" + last + "/" + size;
    }
}
