package io.penstock.batch;

import java.util.UUID;
import java.util.regex.Pattern;

/// The ids of batches and files.
final class Ids {

    private static final Pattern ID = Pattern.compile("[A-Za-z0-9_-]{1,64}");

    private Ids() {}

    /// One that nobody can guess and that no two calls share: 32 hexadecimal digits.
    static String next() {
        return UUID.randomUUID().toString().replace("-", "");
    }

    /// Whether anything may have this id. What a caller sends goes no further otherwise: not into a
    /// key of the store, which bounds them, and not into the log.
    static boolean isPossible(String id) {
        return ID.matcher(id).matches();
    }
}
