package io.penstock.infra;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;

/// One line of `permissions.csv`: what one function may do to one of the stack's resources.
///
/// @param calls which calls need it, for readers and tests
record Permission(String function, String resource, String action, String calls) {

    /// All of them.
    static List<Permission> all() {
        try (InputStream file =
                Objects.requireNonNull(Permission.class.getResourceAsStream("permissions.csv"))) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .map(Permission::parse)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Permission parse(String line) {
        String[] parts = line.split(",", 4);
        if (parts.length < 4) {
            throw new IllegalArgumentException(
                    "permissions.csv: give function, resource, action and calls: " + line);
        }
        return new Permission(parts[0], parts[1], parts[2], parts[3]);
    }
}
