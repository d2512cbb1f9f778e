package io.penstock.http;

import java.util.List;
import java.util.regex.Pattern;

/// What is said where there is nothing: the path, and for the paths that SDKs and people come to by
/// mistake, the way.
final class Signposts {

    private record Row(Pattern path, String way) {}

    private static final int PATH_MAX = 120;

    private static final String OPENAI =
            "chat/completions|models|files|batches|responses|embeddings|completions|moderations"
                    + "|audio|images|assistants|threads|messages";

    /// The first that fits counts.
    private static final List<Row> ROWS =
            List.of(
                    row(
                            "/(.*/)?v1/v1(/.*)?",
                            "It has /v1 twice: let the SDK's base URL end with /v1, once."),
                    row(
                            "/v1/responses(/.*)?",
                            "Penstock has OpenAI's chat completions and not its responses. Use"
                                    + " client.chat.completions; in the AI SDK openai.chat(model) in"
                                    + " place of openai(model); in the Agents SDK"
                                    + " setOpenAIAPI('chat_completions') or"
                                    + " set_default_openai_api('chat_completions')."),
                    row(
                            "/v1/completions",
                            "Penstock has chat completions: send messages to"
                                    + " /v1/chat/completions."),
                    row(
                            "/v1/chat/completions/.+",
                            "Penstock keeps no completions; their answers are all there is."),
                    row(
                            "/v1/(assistants|threads)(/.*)?",
                            "Penstock has no assistants: send messages to /v1/chat/completions."),
                    row(
                            "/v1/messages(/.*)?",
                            "That is Anthropic's API, and Penstock has OpenAI's: use an OpenAI SDK,"
                                    + " or send messages to /v1/chat/completions."),
                    row(
                            "/v1/(embeddings|moderations|audio|images|videos|realtime|fine_tuning"
                                    + "|uploads|vector_stores|evals|containers|conversations"
                                    + "|rerank|engines)(/.*)?",
                            "Penstock has chat completions, models, files and batches; for anything"
                                    + " else, give the SDK the provider's own base URL."),
                    row(
                            "/(" + OPENAI + ")(/.*)?",
                            "The SDK's base URL lacks the /v1 at its end: it is to be"
                                    + " http://host:port/v1."),
                    row(
                            "/v1",
                            "This is the base URL that OpenAI's SDKs need; they put the path after"
                                    + " it, such as /v1/chat/completions."),
                    row(
                            "/openai/.*",
                            "Those are Azure's paths: use the SDK's plain OpenAI client, with a base"
                                    + " URL that ends with /v1."),
                    row(
                            "/api/(chat|generate|tags|embed|embeddings|show|version)",
                            "That is Ollama's API, and Penstock has OpenAI's: use a base URL that"
                                    + " ends with /v1."),
                    row(
                            "/v1beta(/.*)?",
                            "That is Gemini's API, and Penstock has OpenAI's: use a base URL that"
                                    + " ends with /v1."),
                    row("/(health|healthz|ready|readyz|live|livez)", "See /q/health/ready."),
                    row("/metrics", "See /q/metrics."),
                    row("/stream", "It is a WebSocket: connect with ws:// in place of http://."));

    private Signposts() {}

    private static Row row(String path, String way) {
        return new Row(Pattern.compile(path), way);
    }

    /// @param path as in the request line
    static Problem at(String path) {
        String plain = path.replaceAll("/+", "/").replaceAll("(.)/$", "$1");
        String way = "";
        for (Row row : ROWS) {
            if (way.isEmpty() && row.path.matcher(plain).matches()) {
                way = " " + row.way;
            }
        }
        return Problem.notFound("There is nothing at " + printable(path) + "." + way);
    }

    private static String printable(String path) {
        String bounded = path.length() > PATH_MAX ? path.substring(0, PATH_MAX) + "..." : path;
        return bounded.replaceAll("[^!-~]", "?");
    }
}
