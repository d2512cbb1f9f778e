package io.penstock.batch;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Reads a stored list page by page, for those entries that a caller wants to see.
///
/// @param size of a page
/// @param page reads the page after an id, or the first
/// @param id of an entry
record Listing<T>(int size, Function<@Nullable String, List<T>> page, Function<T, String> id) {

    /// @param after the id of the entry before the first, or null to start at the beginning
    /// @param limit entries at most
    List<T> find(@Nullable String after, int limit, Predicate<T> wanted) {
        List<T> found = new ArrayList<>();
        String last = after;
        while (found.size() < limit) {
            List<T> next = page.apply(last);
            next.stream().filter(wanted).limit(limit - found.size()).forEach(found::add);
            if (next.size() < size) {
                return found;
            }
            last = id.apply(next.getLast());
        }
        return found;
    }
}
