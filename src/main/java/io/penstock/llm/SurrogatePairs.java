package io.penstock.llm;

/// Joins texts that come in pieces so that no piece ever ends within a character: half a surrogate
/// pair is held back until its other half comes, and half a pair that stays alone is U+FFFD, which
/// stands for a character that was lost (Unicode standard, section 3.9). Not thread-safe.
final class SurrogatePairs {

    private static final char REPLACEMENT = '\uFFFD';

    private char held;

    /// A text on its own, with U+FFFD for each half of a pair that lacks the other.
    static String whole(String text) {
        SurrogatePairs pairs = new SurrogatePairs();
        return pairs.next(text) + pairs.last();
    }

    /// As much of the text so far as has not been given yet and is whole.
    String next(String piece) {
        if (held == 0 && isPlain(piece)) {
            return piece;
        }
        StringBuilder whole = new StringBuilder(piece.length() + 1);
        for (int i = 0; i < piece.length(); i++) {
            char c = piece.charAt(i);
            if (held != 0) {
                if (Character.isLowSurrogate(c)) {
                    whole.append(held).append(c);
                    held = 0;
                    continue;
                }
                whole.append(REPLACEMENT);
                held = 0;
            }
            if (Character.isHighSurrogate(c)) {
                held = c;
            } else {
                whole.append(Character.isLowSurrogate(c) ? REPLACEMENT : c);
            }
        }
        return whole.toString();
    }

    /// What is left at the end.
    String last() {
        String last = held == 0 ? "" : String.valueOf(REPLACEMENT);
        held = 0;
        return last;
    }

    private static boolean isPlain(String piece) {
        for (int i = 0; i < piece.length(); i++) {
            if (Character.isSurrogate(piece.charAt(i))) {
                return false;
            }
        }
        return true;
    }
}
