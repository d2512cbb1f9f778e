package io.penstock.json;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;

/// Says whether something is text that can be passed on unchanged. Java's own conversions put a
/// question mark, or U+FFFD, where something is not, and Jackson takes overlong forms and encoded
/// surrogates for characters.
public final class Unicode {

    /// Characters that are decoded at once, only to be thrown away.
    private static final int AT_ONCE = 4096;

    private Unicode() {}

    /// Where the first byte is that is not UTF-8, or -1 when all are.
    public static int firstThatIsNotUtf8(byte[] bytes) {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(Math.clamp(bytes.length, 2, AT_ONCE));
        while (true) {
            CoderResult result = decoder.decode(in, out, true);
            if (result.isError()) {
                return in.position();
            }
            if (result.isUnderflow()) {
                return -1;
            }
            out.clear();
        }
    }

    /// Where the first half of a surrogate pair is that lacks its other half, or -1.
    public static int firstLoneSurrogate(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isSurrogate(c)) {
                if (Character.isLowSurrogate(c)
                        || i + 1 == text.length()
                        || !Character.isLowSurrogate(text.charAt(i + 1))) {
                    return i;
                }
                i++;
            }
        }
        return -1;
    }

    /// The first characters of a text, at most so many, and no half of a surrogate pair.
    static String beginning(CharSequence text, int length) {
        if (text.length() <= length) {
            return text.toString();
        }
        boolean splits = Character.isHighSurrogate(text.charAt(length - 1));
        return text.subSequence(0, splits ? length - 1 : length).toString();
    }

    /// The last characters of a text, as [#beginning].
    static String ending(CharSequence text, int length) {
        int from = Math.max(0, text.length() - length);
        boolean splits = from > 0 && Character.isLowSurrogate(text.charAt(from));
        return text.subSequence(splits ? from + 1 : from, text.length()).toString();
    }
}
