package io.penstock.batch;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// Digests of what callers send. The digest of an idempotency key finds the job of an earlier
/// request; the digest of the content tells whether that request was the same.
public final class Sha256 {

    /// Bytes of a digest that are in an id.
    private static final int ID_BYTES = 16;

    private Sha256() {}

    /// A digest of nothing yet.
    public static MessageDigest begin() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("Every Java has SHA-256", impossible);
        }
    }

    /// Ends a digest.
    ///
    /// @return it in hexadecimal digits
    public static String end(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }

    /// The same id for the same key, from which the key cannot be told.
    static String id(String key) {
        return HexFormat.of()
                .formatHex(begin().digest(key.getBytes(StandardCharsets.UTF_8)), 0, ID_BYTES);
    }
}
