package io.penstock.batch;

import java.util.UUID;

/// Makes ids that nobody can guess and that no two calls share.
final class RandomId {

    private RandomId() {}

    /// 32 hexadecimal digits.
    static String next() {
        return UUID.randomUUID().toString().replace("-", "");
    }
}
