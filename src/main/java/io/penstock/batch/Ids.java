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

    /// Whether a batch or a file may have this id. Any other id that a caller sends is not looked
    /// up and not logged: the store bounds the length of its keys.
    static boolean isPossible(String id) {
        return ID.matcher(id).matches();
    }
}
