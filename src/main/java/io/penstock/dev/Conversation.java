package io.penstock.dev;

import static io.penstock.dev.Expect.expect;
import static io.penstock.dev.Expect.invalid;
import static io.penstock.dev.Expect.missing;
import static io.penstock.dev.Expect.mistyped;
import static io.penstock.dev.Expect.present;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;

/// The messages of one request, read one after the other, and what is answered to them. Confined to
/// one parse.
final class Conversation {
    private static final int KEY_CHARS = 200;
    private static final int ECHO_CHARS = 160;

    private static final Pattern MARKER = Pattern.compile("[ \t]?\\[\\[sim\\s([^\\]]*)\\]\\]");
    private static final Pattern SENTIMENT = Pattern.compile("sentiment", Pattern.CASE_INSENSITIVE);
    private static final Pattern WORD = Pattern.compile("[^\\p{Alpha}]+");
    private static final Set<String> GOOD =
            words(
                    "good great love loved loves excellent happy wonderful amazing awesome best"
                            + " fantastic perfect pleased delighted enjoyed brilliant nice");
    private static final Set<String> BAD =
            words(
                    "bad terrible hate hated hates broken angry awful worst horrible poor sad rude"
                            + " disappointed disappointing useless annoying unhappy");
    private static final Set<String> ROLES = words("developer system user assistant tool function");

    private final ObjectNode marker = WireJson.MAPPER.createObjectNode();
    private final CRC32 hash = new CRC32();
    private String lastUserRaw = "";
    private String lastUser = "";
    private boolean sentimentAsked;
    private boolean toolAsked;

    /// No tool has answered since the last user's message.
    private boolean toolsOpen;

    private int messages;
    private int chars;
    private long fingerprint;

    Conversation(String model) {
        fingerprint = mixed(0, model);
    }

    void add(JsonNode message) throws Refusal {
        String at = "messages[" + messages++ + "]";
        expect(message, JsonNodeType.OBJECT, at, "an object");
        JsonNode role = message.path("role");
        if (!ROLES.contains(role.asText())) {
            throw role.isMissingNode()
                    ? missing(at + ".role")
                    : invalid(
                            at + ".role",
                            role,
                            "'system', 'developer', 'assistant', 'user',"
                                    + " 'function', and 'tool'");
        }
        String raw = content(message, at);
        fingerprint = mixed(fingerprint, raw);
        chars += raw.codePointCount(0, raw.length());

        Matcher markers = raw.contains("[[sim") ? MARKER.matcher(raw) : null;
        boolean marked = false;
        boolean tool = false;
        while (markers != null && markers.find()) {
            marked = true;
            ObjectNode settings = Behaviour.settings(markers.group(1));
            tool |= settings.remove("tool") != null;
            marker.setAll(settings);
        }
        String text = marked && markers != null ? markers.replaceAll("").strip() : raw;

        switch (role.textValue()) {
            case "user" -> {
                lastUserRaw = raw;
                lastUser = text;
                toolAsked = tool;
                toolsOpen = true;
                instruct(text);
            }
            case "system", "developer" -> instruct(text);
            // A tool has answered, so the model does not ask for it again.
            case "tool", "function" -> {
                toolAsked = false;
                toolsOpen = false;
            }
            default -> {}
        }
    }

    private void instruct(String text) {
        hash.update(text.getBytes(StandardCharsets.UTF_8));
        sentimentAsked |= SENTIMENT.matcher(text).find();
    }

    /// The settings given by markers, later ones first.
    ObjectNode marker() {
        return marker;
    }

    /// The last user message as sent, at most 200 characters.
    String key() {
        return head(lastUserRaw, KEY_CHARS);
    }

    /// Tells these messages to this model from others.
    long fingerprint() {
        return fingerprint;
    }

    /// A quarter of all characters, rounded up.
    int tokens() {
        return Math.ceilDiv(chars, 4);
    }

    /// Whether a tool is to be called: asked for by a marker, or `chosen` and not answered yet.
    boolean callsTool(boolean chosen) {
        return toolAsked || (chosen && toolsOpen);
    }

    private static long mixed(long hash, String text) {
        long mixed = hash * 31 + text.length();
        for (int i = 0; i < text.length(); i++) {
            // FNV-1a's prime for 64 bits.
            mixed = (mixed ^ text.charAt(i)) * 0x100000001b3L;
        }
        return mixed;
    }

    String answer() {
        if (sentimentAsked) {
            return sentiment(lastUser);
        }
        return "Answer %08x: %s".formatted(hash.getValue(), echo(lastUser)).strip();
    }

    private static Set<String> words(String list) {
        return Set.of(list.split(" "));
    }

    private static String content(JsonNode message, String at) throws Refusal {
        JsonNode content = present(message, "content");
        if (content == null) {
            if ("assistant".equals(message.path("role").textValue())) {
                return "";
            }
            throw missing(at + ".content");
        }
        if (content.isTextual()) {
            return content.textValue();
        }
        if (!content.isArray()) {
            throw mistyped(at + ".content", "a string or an array of objects", content);
        }
        var text = new StringBuilder();
        for (JsonNode part : content) {
            expect(part, JsonNodeType.OBJECT, at + ".content", "an array of objects");
            if (part.path("type").asText().equals("text")) {
                text.append(part.path("text").asText());
            }
        }
        return text.toString();
    }

    private static String sentiment(String text) {
        int balance = 0;
        for (String word : WORD.split(text.toLowerCase(Locale.ROOT), 0)) {
            balance += GOOD.contains(word) ? 1 : BAD.contains(word) ? -1 : 0;
        }
        return balance > 0 ? "positive" : balance < 0 ? "negative" : "neutral";
    }

    /// The first characters of the text on one line.
    private static String echo(String text) {
        var line = new StringBuilder();
        int i = 0;
        while (i < text.length() && line.length() < ECHO_CHARS) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            if (!Character.isWhitespace(c)) {
                line.appendCodePoint(c);
            } else if (!line.isEmpty() && line.charAt(line.length() - 1) != ' ') {
                line.append(' ');
            }
        }
        return head(line.toString(), ECHO_CHARS).strip();
    }

    /// The first characters, without half of a surrogate pair at the end.
    private static String head(String text, int chars) {
        if (text.length() <= chars) {
            return text;
        }
        return text.substring(
                0, Character.isHighSurrogate(text.charAt(chars - 1)) ? chars - 1 : chars);
    }
}
