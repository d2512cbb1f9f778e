package io.penstock.access;

import io.penstock.store.CallerKey.Secret;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HexFormat;

/// Makes what keys are made of, and compares it.
///
/// A secret has 238 random bits, so that one round of SHA-256 hides it: nobody can try them all, as
/// one could with passwords.
final class Secrets {

    static final String START = "pk-";

    /// Of those that also fit into a WebSocket's subprotocol.
    private static final String LETTERS =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    private static final String ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
    private static final int ID_LENGTH = 12;
    private static final int LENGTH = 40;
    private static final int SALT_BYTES = 16;

    /// Compared with where there is no key, so that this takes as long as where there is one.
    private static final Secret NONE = hashed("none");

    private Secrets() {}

    static String id() {
        return random(ID_LETTERS, ID_LENGTH);
    }

    static String secret() {
        return random(LETTERS, LENGTH);
    }

    private static String random(String letters, int length) {
        SecureRandom random = new SecureRandom();
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append(letters.charAt(random.nextInt(letters.length())));
        }
        return text.toString();
    }

    static Secret hashed(String secret) {
        byte[] salt = new byte[SALT_BYTES];
        new SecureRandom().nextBytes(salt);
        return new Secret(
                HexFormat.of().formatHex(salt), HexFormat.of().formatHex(hash(salt, secret)), null);
    }

    /// In a time that says nothing of how much of it is right.
    static boolean isSame(Secret stored, String secret) {
        return MessageDigest.isEqual(
                HexFormat.of().parseHex(stored.hash()),
                hash(HexFormat.of().parseHex(stored.salt()), secret));
    }

    /// Takes the time of a comparison.
    static void isNone(String secret) {
        isSame(NONE, secret);
    }

    private static byte[] hash(byte[] salt, String secret) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(salt);
            return digest.digest(secret.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException everyJdkHasIt) {
            throw new IllegalStateException(everyJdkHasIt);
        }
    }
}
