package io.penstock.testing;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/// Answers that name their prompts, with every fault of HTTP/1.1 at random, so that a caller can
/// tell of each byte whether it is its own. Thread-safe.
public final class NamedAnswers implements RawProvider.Answering {

    /// A name, wherever it stands.
    public static final Pattern NAME = Pattern.compile("nm-[a-z0-9]+-[a-z0-9]+-mn");

    private static final int[] INTERIM = {100, 102, 103, 104};

    private static final int HANG_MILLIS = 2_500;

    private final long seed;
    private final long othersAfter;
    private final int lateMillis;
    private final AtomicLong requests = new AtomicLong();

    /// @param othersAfter after so many requests, bytes come that nobody asked for: behind answers
    ///   and on idle connections
    public NamedAnswers(long seed, long othersAfter) {
        this(seed, othersAfter, -1);
    }

    private NamedAnswers(long seed, long othersAfter, int lateMillis) {
        this.seed = seed;
        this.othersAfter = othersAfter;
        this.lateMillis = lateMillis;
    }

    /// One that is wrong beyond what HTTP/1.1 can tell: one answer of a hundred comes a second time
    /// after a while, whatever has been asked on its connection meanwhile.
    public static NamedAnswers late(long seed, int millis) {
        return new NamedAnswers(seed, Long.MAX_VALUE, millis);
    }

    /// A name that no other has.
    public static String name(String maker, long number) {
        return "nm-" + maker + "-" + Long.toString(number, 36) + "-mn";
    }

    /// The prompt of a name.
    public static String prompt(String name) {
        return "Say " + name + " again and again.";
    }

    /// The whole answer to the prompt of a name.
    public static String text(String name) {
        return (name + " ").repeat(2 + Math.floorMod(name.hashCode(), 40)) + "end of " + name;
    }

    /// The answers so far, with all that failed.
    public long count() {
        return requests.get();
    }

    private Random random(long salt) {
        return new Random(seed ^ (salt * 0x9E3779B97F4A7C15L));
    }

    @Override
    public boolean answersEarly(OutputStream out) throws IOException {
        if (random(-requests.get()).nextInt(300) > 0) {
            return false;
        }
        requests.incrementAndGet();
        out.write(
                RawProvider.http(
                        413,
                        "application/json",
                        "{\"error\":{\"message\":\"Too large for me\"}}"
                                .getBytes(StandardCharsets.UTF_8)));
        return true;
    }

    @Override
    public boolean answer(RawProvider.Asked asked, OutputStream out)
            throws IOException, InterruptedException {
        Random random = random(requests.incrementAndGet());
        Matcher found = NAME.matcher(asked.body());
        String name = found.find() ? found.group() : "nobody";
        rest(random.nextInt(8));
        interim(random, out);
        int kind = random.nextInt(1000);
        if (kind < 800) {
            return good(name, asked, random, out);
        }
        if (kind < 860) {
            return refused(name, random, out);
        }
        if (kind < 862) {
            rest(HANG_MILLIS);
            return good(name, asked, random, out);
        }
        if (kind < 900) {
            return broken(name, asked, random, out);
        }
        if (kind < 940 || requests.get() <= othersAfter) {
            return ending(name, asked, random, out);
        }
        return more(name, asked, random, out);
    }

    private static void rest(int millis) throws InterruptedException {
        if (millis > 0) {
            new CountDownLatch(1).await(millis, TimeUnit.MILLISECONDS);
        }
    }

    private static void interim(Random random, OutputStream out)
            throws IOException, InterruptedException {
        if (random.nextInt(4) > 0) {
            return;
        }
        int count = 1 + random.nextInt(3);
        for (int i = 0; i < count; i++) {
            String head =
                    "HTTP/1.1 "
                            + INTERIM[random.nextInt(INTERIM.length)]
                            + " Soon\r\nlink: </style.css>\r\n\r\n";
            out.write(head.getBytes(StandardCharsets.ISO_8859_1));
            if (random.nextBoolean()) {
                out.flush();
                rest(random.nextInt(5));
            }
        }
    }

    private boolean good(String name, RawProvider.Asked asked, Random random, OutputStream out)
            throws IOException, InterruptedException {
        byte[] whole = answer(name, asked, random, "");
        write(whole, random, out);
        if (lateMillis >= 0 && random.nextInt(100) == 0) {
            out.flush();
            rest(lateMillis);
            out.write(whole);
        }
        return true;
    }

    private static boolean refused(String name, Random random, OutputStream out)
            throws IOException, InterruptedException {
        int status = new int[] {429, 500, 503}[random.nextInt(3)];
        String wait =
                random.nextInt(300) == 0
                        ? "retry-after: 1"
                        : random.nextBoolean() ? "retry-after: 0" : "x-nothing: 1";
        byte[] body =
                ("{\"error\":{\"message\":\"Not now, " + name + "\"}}")
                        .getBytes(StandardCharsets.UTF_8);
        write(RawProvider.http(status, "application/json", body, wait), random, out);
        return true;
    }

    /// Ends before the answer does.
    private static boolean broken(
            String name, RawProvider.Asked asked, Random random, OutputStream out)
            throws IOException, InterruptedException {
        byte[] whole = answer(name, asked, random, "");
        out.write(whole, 0, random.nextInt(4) == 0 ? 0 : random.nextInt(whole.length));
        out.flush();
        rest(random.nextInt(3));
        if (random.nextBoolean()) {
            throw new IllegalStateException("reset");
        }
        return false;
    }

    /// A whole answer, whose connection ends with it, said or not.
    private static boolean ending(
            String name, RawProvider.Asked asked, Random random, OutputStream out)
            throws IOException, InterruptedException {
        boolean isSaid = random.nextBoolean();
        write(answer(name, asked, random, isSaid ? "connection: close\r\n" : ""), random, out);
        out.flush();
        if (isSaid && random.nextBoolean()) {
            rest(random.nextInt(10));
            out.write(answer(name, asked, random, ""));
        }
        rest(random.nextInt(3));
        if (random.nextBoolean()) {
            throw new IllegalStateException("reset");
        }
        return false;
    }

    /// Bytes that nobody asked for: a second answer in the same write, the half of one, or later
    /// some that cannot be an answer to a prompt.
    private static boolean more(
            String name, RawProvider.Asked asked, Random random, OutputStream out)
            throws IOException, InterruptedException {
        byte[] whole = answer(name, asked, random, "");
        int kind = random.nextInt(5);
        if (kind < 2) {
            byte[] both = Arrays.copyOf(whole, 2 * whole.length);
            System.arraycopy(whole, 0, both, whole.length, whole.length);
            out.write(
                    both,
                    0,
                    kind == 0
                            ? both.length
                            : whole.length + 1 + random.nextInt(Math.min(80, whole.length - 1)));
            return random.nextBoolean();
        }
        out.write(whole);
        out.flush();
        rest(random.nextInt(20));
        out.write(
                switch (kind) {
                    case 2 -> "HTTP/1.1 200 OK\r\ncontent-le".getBytes(StandardCharsets.US_ASCII);
                    case 3 -> "}\r\n0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
                    default ->
                            RawProvider.http(
                                    408, "text/plain", new byte[] {'x'}, "connection: close");
                });
        return kind != 4;
    }

    private static void write(byte[] whole, Random random, OutputStream out)
            throws IOException, InterruptedException {
        if (random.nextInt(3) > 0) {
            out.write(whole);
            return;
        }
        int from = 0;
        int longest = Math.max(20, whole.length / 4);
        while (from < whole.length) {
            int to = Math.min(whole.length, from + 1 + random.nextInt(longest));
            out.write(whole, from, to - from);
            out.flush();
            rest(random.nextInt(3));
            from = to;
        }
    }

    private static byte[] answer(
            String name, RawProvider.Asked asked, Random random, String headers) {
        byte[] body =
                (asked.streams() ? stream(name, choices(asked), random) : whole(name, asked))
                        .getBytes(StandardCharsets.UTF_8);
        StringBuilder head = new StringBuilder();
        int framing = random.nextInt(20);
        head.append(framing == 0 ? "HTTP/1.0 200 OK\r\n" : "HTTP/1.1 200 OK\r\n")
                .append("content-type: ")
                .append(asked.streams() ? "text/event-stream" : "application/json")
                .append("\r\nx-request-id: ")
                .append(name)
                .append("\r\n")
                .append(headers);
        if (framing == 1) {
            head.append("connection: keep-alive\r\n");
        }
        if (random.nextInt(8) == 0) {
            head.append("content-encoding: gzip\r\n");
            body = gzip(body);
        }
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        if (framing > 1 && random.nextBoolean()) {
            head.append("transfer-encoding: chunked\r\n\r\n");
            answer.writeBytes(head.toString().getBytes(StandardCharsets.ISO_8859_1));
            chunks(body, random, answer);
        } else {
            head.append("content-length: ").append(body.length).append("\r\n\r\n");
            answer.writeBytes(head.toString().getBytes(StandardCharsets.ISO_8859_1));
            answer.writeBytes(body);
        }
        return answer.toByteArray();
    }

    private static void chunks(byte[] body, Random random, ByteArrayOutputStream answer) {
        int from = 0;
        while (from < body.length) {
            int to = Math.min(body.length, from + 1 + random.nextInt(body.length));
            answer.writeBytes(
                    (Integer.toHexString(to - from) + "\r\n").getBytes(StandardCharsets.US_ASCII));
            answer.write(body, from, to - from);
            answer.writeBytes(new byte[] {'\r', '\n'});
            from = to;
        }
        String trailer = random.nextInt(5) == 0 ? "x-trailer: 1\r\n" : "";
        answer.writeBytes(("0\r\n" + trailer + "\r\n").getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] gzip(byte[] body) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(body);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return packed.toByteArray();
    }

    private static int choices(RawProvider.Asked asked) {
        return asked.body().contains("\"n\":2") ? 2 : 1;
    }

    private static ObjectNode object(String kind, String name) {
        return Caller.JSON
                .createObjectNode()
                .put("id", "chatcmpl-" + name)
                .put("object", kind)
                .put("model", "model-of-" + name);
    }

    private static String whole(String name, RawProvider.Asked asked) {
        ObjectNode whole = object("chat.completion", name);
        for (int i = 0; i < choices(asked); i++) {
            ObjectNode choice = whole.withArray("choices").addObject().put("index", i);
            choice.putObject("message").put("role", "assistant").put("content", text(name));
            choice.put("finish_reason", "stop");
        }
        whole.putObject("usage").put("prompt_tokens", 1).put("completion_tokens", 1);
        return whole.toString();
    }

    private static String stream(String name, int choices, Random random) {
        String text = text(name);
        StringBuilder stream = new StringBuilder();
        int from = 0;
        while (from < text.length()) {
            int to = Math.min(text.length(), from + 1 + random.nextInt(1 + text.length() / 3));
            for (int i = 0; i < choices; i++) {
                stream.append(chunk(name, i, text.substring(from, to), null));
            }
            from = to;
        }
        for (int i = 0; i < choices; i++) {
            stream.append(chunk(name, i, "", "stop"));
        }
        return stream.append("data: [DONE]\n\n").toString();
    }

    private static String chunk(String name, int index, String delta, @Nullable String reason) {
        ObjectNode chunk = object("chat.completion.chunk", name);
        ObjectNode choice = chunk.withArray("choices").addObject().put("index", index);
        choice.putObject("delta").put("content", delta);
        choice.put("finish_reason", reason);
        return "data: " + chunk + "\n\n";
    }
}
