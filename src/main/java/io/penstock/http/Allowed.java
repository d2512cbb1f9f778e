package io.penstock.http;

import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The methods that each path takes, as `Allow` tells them (RFC 9110, section 10.2.1): the server
/// underneath knows them for a whole class of paths alone.
final class Allowed {

    private record Row(Pattern path, String methods) {}

    private static final String READ = "GET, HEAD, OPTIONS";
    private static final String WRITE = "POST, OPTIONS";
    private static final String BOTH = "GET, HEAD, POST, OPTIONS";
    private static final String REMOVE = "GET, HEAD, DELETE, OPTIONS";

    private static final List<Row> ROWS =
            List.of(
                    row("/complete", WRITE),
                    row("/v1/chat/completions", WRITE),
                    row("/v1/models", READ),
                    row("/v1/models/.+", READ),
                    row("/v1/(files|batches)", BOTH),
                    row("/v1/files/[^/]+", REMOVE),
                    row("/v1/files/[^/]+/content", READ),
                    row("/v1/batches/[^/]+", READ),
                    row("/v1/batches/[^/]+/cancel", WRITE),
                    row("/batch", BOTH),
                    row("/batch/[^/]+", REMOVE),
                    row("/batch/[^/]+/(results|events)", READ),
                    row("/batch/[^/]+/(cancel|pause|resume|retry)", WRITE),
                    row("/keys", BOTH),
                    row("/keys/[^/]+", REMOVE),
                    row("/keys/[^/]+/rotate", WRITE),
                    row("/usage", READ),
                    row("/pipeline", READ),
                    row("/pipeline/[^/]+", WRITE),
                    row("/tasks", READ),
                    row("/tasks/[^/]+", WRITE));

    private Allowed() {}

    private static Row row(String path, String methods) {
        return new Row(Pattern.compile(path), methods);
    }

    /// @param path as in the request line, with slashes that do not count
    /// @return null for a path at which there is nothing
    static @Nullable String at(@Nullable String path) {
        if (path == null) {
            return null;
        }
        String plain = path.replaceAll("/+", "/").replaceAll("(.)/$", "$1");
        for (Row row : ROWS) {
            if (row.path.matcher(plain).matches()) {
                return row.methods;
            }
        }
        return null;
    }
}
