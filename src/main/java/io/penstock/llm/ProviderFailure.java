package io.penstock.llm;

import io.vertx.core.http.HttpHeaders;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Tells from an error of the provider's which [Failure] it is, and in which words.
final class ProviderFailure {

    private static final int MESSAGE_MAX = 500;
    private static final int WORD_MAX = 100;
    private static final String REMOVED = "[removed]";

    /// A wait that a limit asks for may be a day; one that an error asks for is a guess of somebody
    /// who does not know when the error will be gone.
    private static final Duration ERROR_WAIT_MAX = Duration.ofMinutes(5);

    /// What looks like a credential in a provider's message: keys with the usual prefixes, bearer
    /// tokens, and masked keys.
    private static final Pattern CREDENTIAL =
            Pattern.compile(
                    "(?i)\\b(?:sk|pk|rk|key|org|proj|gsk|hf|xai|pplx|nvapi|r8)[-_][\\w*.-]{4,}|\\bAIza[\\w-]{8,}"
                            + "|(?:bearer|basic)\\s+\\S+|\\S*\\*{3,}\\S*");

    /// What an error code looks like; anything else in its place is not passed on.
    private static final Pattern CODE = Pattern.compile("[a-z][a-z0-9_.]{0,63}");

    /// The path of a field, such as `messages[0].content`.
    private static final Pattern PARAM = Pattern.compile("[a-z][\\w.\\[\\]]{0,127}");

    private ProviderFailure() {}

    /// The failure that an answer with an error's status means.
    ///
    /// @param body as it came, as far as it came
    static Failure of(Exchange.Head head, byte[] body, Endpoint endpoint) {
        ProviderError error =
                ProviderError.in(
                        ErrorText.json(body, head.headers().get(HttpHeaders.CONTENT_TYPE)));
        int status = error != null && error.decides() ? error.status() : head.status();
        return failure(head, error, status, endpoint);
    }

    /// The failure that an error inside of an answer means, in a stream or with status 200: its own
    /// number and code decide.
    static Failure inside(Exchange.Head head, @Nullable ProviderError error, Endpoint endpoint) {
        return failure(head, error, error == null ? 0 : error.status(), endpoint);
    }

    /// The failure of a request that got no answer.
    static Failure unreachable(Endpoint endpoint, IOException broken) {
        Throwable cause = broken.getCause() == null ? broken : broken.getCause();
        if (cause instanceof NotHttp odd) {
            return notHttp(endpoint, odd);
        }
        String why =
                switch (cause) {
                    case UnknownHostException _ -> "its name is unknown here";
                    case SSLException _ -> "no secure connection could be made";
                    case ConnectException _ -> "nothing answers there";
                    default -> "the connection broke before an answer came";
                };
        return Failure.of(
                FailureKind.TRANSPORT,
                "The provider at "
                        + endpoint.authority()
                        + " cannot be reached: "
                        + why
                        + ". Check the network and OPENAI_BASE_URL, then try again.");
    }

    /// Whoever speaks another protocol may be gone soon, and has not been paid. A head that nobody
    /// can read is written by the same program each time, and its answer is paid for.
    private static Failure notHttp(Endpoint endpoint, NotHttp odd) {
        return Failure.of(
                odd.isAnswer() ? FailureKind.UNEXPECTED_ANSWER : FailureKind.TRANSPORT,
                "What the provider at "
                        + endpoint.authority()
                        + " answers is not HTTP: "
                        + odd.getMessage()
                        + ". Check OPENAI_BASE_URL and the proxies before it.");
    }

    /// The failure of an answer that stopped short.
    static Failure cut() {
        return Failure.of(
                FailureKind.TRUNCATED,
                "The provider's answer broke off before its end; try again.");
    }

    /// The failure of an answer that does not end.
    static Failure tooLong(long maxAnswer) {
        return Failure.of(
                FailureKind.LENGTH,
                "The provider's answer is longer than "
                        + maxAnswer
                        + " bytes (penstock.llm.max-answer); ask for a shorter one.");
    }

    /// The failure of an answer that is something else than JSON or events of JSON.
    static Failure notJson() {
        return Failure.of(
                FailureKind.TRUNCATED,
                "The provider's answer is not the JSON it should be; try again, or check"
                        + " OPENAI_BASE_URL if it happens every time.");
    }

    /// The failure of an answer in another form than OpenAI's.
    static Failure noChoices(Endpoint endpoint) {
        return Failure.of(
                FailureKind.TRUNCATED,
                "The provider at "
                        + endpoint.authority()
                        + " answers in JSON that has no \"choices\"; try again, or check OPENAI_BASE_URL if"
                        + " it happens every time.");
    }

    /// The failure of an answer in which a field is there twice, with different values: nobody
    /// knows which was meant. The next answer would be written by the same program, and be paid for
    /// too.
    static Failure twice(String field) {
        return Failure.of(
                FailureKind.UNEXPECTED_ANSWER,
                "The provider's answer has the field \""
                        + printable(field)
                        + "\" twice with different values, so that none of them can be trusted.");
    }

    /// A word of the provider's, for a sentence of ours.
    static String printable(String word) {
        String bounded = word.length() > WORD_MAX ? word.substring(0, WORD_MAX) : word;
        return bounded.replaceAll("[^\\w.,;:/ -]", "?");
    }

    /// The failure of an answer that is a web page.
    static Failure page(Endpoint endpoint) {
        return new Failure(
                FailureKind.TRUNCATED,
                "The provider at "
                        + endpoint.authority()
                        + " answers with a web page in place of JSON; try again, or check OPENAI_BASE_URL"
                        + " if it happens every time.",
                Failure.WEB_PAGE,
                null);
    }

    /// The failure of an answer in a coding that was not asked for.
    static Failure unknownEncoding(List<String> encodings) {
        return Failure.of(
                FailureKind.UNEXPECTED_ANSWER,
                "The provider's answer is compressed in a way that Penstock does not read"
                        + " (content-encoding: "
                        + printable(String.join(", ", encodings))
                        + "); let it or the proxy before it send answers as they are.");
    }

    private static Failure failure(
            Exchange.Head head, @Nullable ProviderError error, int status, Endpoint endpoint) {
        FailureKind kind = ErrorKind.of(status, error, head.headers());
        int told = head.isSuccess() ? status : head.status();
        // OpenAI's code for a prompt above a limit is the one of its limits.
        boolean isAboveLimit = status == 429 && kind == FailureKind.INVALID_REQUEST;
        String code = error == null || isAboveLimit ? "" : error.code();
        String param = error == null ? "" : error.param();
        Duration wait =
                RetryAfter.of(head.headers(), error == null ? null : error.json(), Instant.now());
        boolean isLong = wait != null && wait.compareTo(ERROR_WAIT_MAX) > 0;
        return new Failure(
                kind,
                message(kind, told, error, endpoint),
                isFit(CODE, code, endpoint) ? code : null,
                isLong && kind != FailureKind.RATE_LIMITED ? ERROR_WAIT_MAX : wait,
                told >= 300 ? told : 0,
                isFit(PARAM, param, endpoint) ? param : null,
                head.requestId());
    }

    private static boolean isFit(Pattern form, String word, Endpoint endpoint) {
        return form.matcher(word).matches() && !word.equals(endpoint.apiKey());
    }

    private static String message(
            FailureKind kind, int status, @Nullable ProviderError error, Endpoint endpoint) {
        return switch (kind) {
            case RATE_LIMITED -> "The provider limits the rate of calls; try again later.";
            case OVERLOADED -> "The provider is overloaded; try again later.";
            case AUTHENTICATION ->
                    "The provider at "
                            + endpoint.authority()
                            + " refuses Penstock's key"
                            + (status == 0 ? "" : " (status " + status + ")")
                            + "; set OPENAI_API_KEY to a valid one.";
            case QUOTA_EXHAUSTED ->
                    "The provider account's credit or spend limit is used up; add credit or raise the"
                            + " limit, waiting does not help.";
            case INVALID_REQUEST, CONTENT_FILTER -> {
                String said = said(error, endpoint);
                yield said.isBlank()
                        ? "The provider at "
                                + endpoint.authority()
                                + " refuses the request with status "
                                + status
                                + "; check OPENAI_BASE_URL and the model."
                        : refuses(status, endpoint) + said;
            }
            case UNEXPECTED_ANSWER ->
                    "The provider answers with an error in place of a text: "
                            + said(error, endpoint);
            default -> {
                String said = status == 0 ? said(error, endpoint) : "";
                yield (status == 0
                                ? "The provider failed while it answered"
                                : "The provider failed with status " + status)
                        + (said.isBlank() ? "" : ", and says: \"" + said + "\"")
                        + "; try again.";
            }
        };
    }

    private static String said(@Nullable ProviderError error, Endpoint endpoint) {
        return error == null ? "" : scrubbed(error.sentence(), endpoint.apiKey());
    }

    /// Where the address may be wrong, it is named.
    private static String refuses(int status, Endpoint endpoint) {
        if (status >= 300 && status < 400) {
            return "The provider at "
                    + endpoint.authority()
                    + " sends its callers elsewhere (status "
                    + status
                    + "), which Penstock does not follow: ";
        }
        return status == 403 || status == 404 || status == 405 || status == 410
                ? "The provider at " + endpoint.authority() + " refuses the prompt: "
                : "The provider refuses the prompt: ";
    }

    /// A provider's sentence without anything like a key, and not too long.
    static String scrubbed(String message, @Nullable String apiKey) {
        // Our own key first, whatever it looks like, and before a cut could leave half of it.
        String keyless =
                apiKey == null || apiKey.isBlank() ? message : message.replace(apiKey, REMOVED);
        String scrubbed = CREDENTIAL.matcher(keyless).replaceAll(REMOVED);
        // After the cut, which may leave half of a surrogate pair as the provider may send one.
        return SurrogatePairs.whole(
                scrubbed.length() > MESSAGE_MAX
                        ? scrubbed.substring(0, MESSAGE_MAX) + "…"
                        : scrubbed);
    }
}
