package io.penstock.http;

import static io.penstock.http.Problem.INVALID_REQUEST;

import io.penstock.access.KeyAccount;
import io.penstock.llm.Failure;
import io.penstock.llm.FailureKind;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// What a caller sees of a call without an answer: one row for each kind of failure says it for
/// both of Penstock's doors.
///
/// A failure that came after all of Penstock's attempts is final unless a time is known at which
/// the next one makes sense: an SDK's own retries would multiply the attempts, each of them slow or
/// paid for.
final class Refusals {

    private static final String PROVIDER = "provider_error";
    private static final String SERVER = "server_error";
    private static final String RATE = "rate_limit_error";
    private static final Duration SOON = Duration.ofSeconds(1);

    private Refusals() {}

    /// Whether the same request is worth sending again.
    private enum Again {
        /// It would fail in the same way.
        NEVER,
        /// All attempts were made: from the time on that is known, if there is one.
        WHEN_TOLD,
        /// After the time that is known, or soon.
        SOON
    }

    /// How a failure is told at one door.
    private record Said(int status, String type, String code) {}

    /// @param own at `/complete`, `/pipeline` and on sockets
    /// @param openAi at `/v1`: OpenAI's own statuses and codes where it has some for it (API
    ///   reference, "Error codes"), and otherwise a status that no client retries where that would
    ///   be of no use
    private record Row(Said own, Said openAi, Again again) {}

    private static Row row(FailureKind kind) {
        return switch (kind) {
            case INVALID_REQUEST, CONTENT_FILTER ->
                    row(kind, said(400, INVALID_REQUEST, kind.code()), Again.NEVER);
            case RATE_LIMITED ->
                    row(
                            said(429, RATE, "rate_limited"),
                            said(429, RATE, "rate_limit_exceeded"),
                            Again.SOON);
            case REJECTED ->
                    row(
                            said(429, RATE, "rejected"),
                            said(429, RATE, "rate_limit_exceeded"),
                            Again.SOON);
            case QUOTA_EXHAUSTED ->
                    row(
                            said(429, "insufficient_quota", "quota_exhausted"),
                            said(429, "insufficient_quota", "insufficient_quota"),
                            Again.NEVER);
            // Not 401, by which SDKs say that the caller's own key is wrong; and every client takes
            // a 403 for final, while a 502 is retried by many whatever the headers say.
            case AUTHENTICATION ->
                    row(
                            said(502, PROVIDER, "provider_authentication"),
                            said(403, PROVIDER, "provider_authentication"),
                            Again.NEVER);
            case LENGTH ->
                    row(said(502, PROVIDER, "length"), said(422, PROVIDER, "length"), Again.NEVER);
            case OVERLOADED ->
                    row(
                            said(502, PROVIDER, "overloaded"),
                            said(503, SERVER, "server_is_overloaded"),
                            Again.WHEN_TOLD);
            case SERVER, TRANSPORT, TIMEOUT, TRUNCATED ->
                    row(kind, said(502, PROVIDER, kind.code()), Again.WHEN_TOLD);
            // It was paid for, and the next would most likely be of the same kind.
            case UNEXPECTED_ANSWER, INVALID_ANSWER ->
                    row(kind, said(502, PROVIDER, kind.code()), Again.NEVER);
            case TASK_FAILED -> row(kind, said(500, SERVER, kind.code()), Again.NEVER);
            case DEADLINE_EXCEEDED -> row(kind, said(504, PROVIDER, kind.code()), Again.WHEN_TOLD);
            case CANCELLED -> row(kind, said(499, "cancelled", kind.code()), Again.NEVER);
        };
    }

    private static Row row(FailureKind kind, Said both, Again again) {
        return new Row(both, both, again);
    }

    private static Row row(Said own, Said openAi, Again again) {
        return new Row(own, openAi, again);
    }

    private static Said said(int status, String type, String code) {
        return new Said(status, type, code);
    }

    /// What a caller of Penstock's own doors sees.
    static Problem of(Failure failure) {
        Row row = row(failure.kind());
        String code = row.own.code;
        if (isOfTheRequest(failure) && failure.providerCode() != null) {
            code = failure.providerCode();
        }
        return problem(failure, row.own.status, row.own.type, null, code, row.again);
    }

    /// What a caller of the OpenAI API sees.
    static Problem openAi(Failure failure) {
        Row row = row(failure.kind());
        if (failure.kind() == FailureKind.INVALID_REQUEST) {
            // In the provider's own words.
            return problem(
                    failure,
                    failure.status() < 400 ? row.openAi.status : failure.status(),
                    row.openAi.type,
                    failure.param(),
                    failure.providerCode(),
                    row.again);
        }
        String code = row.openAi.code;
        if (isOfTheRequest(failure) && failure.providerCode() != null) {
            code = failure.providerCode();
        }
        return problem(failure, row.openAi.status, row.openAi.type, null, code, row.again);
    }

    private static boolean isOfTheRequest(Failure failure) {
        return failure.kind() == FailureKind.INVALID_REQUEST
                || failure.kind() == FailureKind.CONTENT_FILTER
                || KeyAccount.SPENT.equals(failure.providerCode());
    }

    private static Problem problem(
            Failure failure,
            int status,
            String type,
            @Nullable String param,
            @Nullable String code,
            Again again) {
        Duration known = failure.retryAfter();
        return new Problem(
                status,
                type,
                param,
                code,
                failure.message(),
                switch (again) {
                    case NEVER ->
                            // For the clients that know of no better sign.
                            status == 429 ? Problem.RETRY_AFTER_MAX : null;
                    case SOON -> known == null ? SOON : known;
                    case WHEN_TOLD -> known;
                },
                again == Again.NEVER || (again == Again.WHEN_TOLD && known == null),
                null);
    }
}
