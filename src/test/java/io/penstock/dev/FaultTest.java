package io.penstock.dev;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.dev.ProviderClient.End;
import io.penstock.dev.SimulatedProvider.Options;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FaultTest {
    private static final String LAST_CHUNK = "0\r\n\r\n";

    private final ProviderClient client = new ProviderClient(Options.defaults());

    @BeforeEach
    void clear() {
        client.send(client.to("/admin/log").DELETE());
        client.send(client.to("/admin/behaviour").DELETE());
    }

    @AfterAll
    void stop() {
        client.close();
    }

    @ParameterizedTest
    @CsvSource({
        "rate_limit, 429, rate_limit_exceeded",
        "quota, 429, insufficient_quota",
        "bad_request, 400,",
        "context_length, 400, context_length_exceeded",
        "unauthorized, 401, invalid_api_key",
        "forbidden, 403, unsupported_country_region_territory",
        "flagged, 403, 403",
        "model_forbidden, 403, model_not_found",
        "not_found, 404, model_not_found",
        "above_limit, 429, rate_limit_exceeded",
        "conflict, 409,",
        "too_large, 413, request_too_large",
        "unprocessable, 422,",
        "content_policy, 400, content_policy_violation",
        "server_error, 500,",
        "unavailable, 503, server_is_overloaded",
        "gateway_timeout, 504,",
        "overloaded, 529, overloaded_error",
    })
    void anErrorHasItsStatusAndCode(String fault, int status, String code) {
        for (boolean stream : new boolean[] {false, true}) {
            HttpResponse<String> response = client.post(prompt("x", "fault=" + fault, stream));

            assertThat(response.statusCode()).isEqualTo(status);
            JsonNode error = ProviderClient.read(response.body()).path("error");
            assertThat(error.path("code").textValue()).isEqualTo(code);
            assertThat(error.path("type").textValue()).isNotBlank();
            assertThat(error.path("message").textValue()).isNotBlank();
            JsonNode entry = client.lastEntry();
            assertThat(entry.path("fault").asText()).isEqualTo(fault);
            assertThat(entry.path("status").asInt()).isEqualTo(status);
            assertThat(entry.path("end").asText()).isEqualTo("completed");
            assertThat(entry.path("completion_tokens").asInt()).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({"bad_gateway, 502", "firewall, 403", "html, 200"})
    void aPageIsHtml(String fault, int status) {
        HttpResponse<String> response = client.post(prompt("x", "fault=" + fault, false));

        assertThat(response.statusCode()).isEqualTo(status);
        assertThat(response.headers().firstValue("content-type")).contains("text/html");
        assertThat(response.body()).startsWith("<html>");
    }

    @Test
    void aWrongPathIsToldByATextOrByAnotherPath() {
        assertThat(client.post(prompt("x", "fault=no_route", false)).body())
                .isEqualTo("404 page not found");
        HttpResponse<String> elsewhere = client.post(prompt("x", "fault=redirect", false));
        assertThat(elsewhere.statusCode()).isEqualTo(307);
        assertThat(elsewhere.headers().firstValue("location")).isPresent();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void resetComesBeforeAnyByte(boolean stream) throws IOException {
        ProviderClient.Raw raw = client.exchange(prompt("x", "fault=reset", stream), 5_000);

        assertThat(raw).isEqualTo(new ProviderClient.Raw("", End.RESET));
        assertThat(ended()).isEqualTo("faulted 0");
    }

    @ParameterizedTest
    @CsvSource({"reset_body, RESET", "close_body, CLOSED", "cut_after_first, RESET"})
    void aJsonBodyBreaksInItsMiddle(String fault, End end) throws IOException {
        ProviderClient.Raw raw = client.exchange(prompt("x", "fault=" + fault, false), 5_000);

        assertThat(raw.end()).isEqualTo(end);
        assertHalfBody(raw.bytes());
        assertThat(ended()).isEqualTo("faulted 200");
    }

    @ParameterizedTest
    @CsvSource({"reset_body, RESET", "close_body, CLOSED"})
    void aStreamBreaksAfterTwoDeltas(String fault, End end) throws IOException {
        ProviderClient.Raw raw = client.exchange(prompt("x y z", "fault=" + fault, true), 5_000);

        assertThat(raw.end()).isEqualTo(end);
        assertThat(raw.bytes()).doesNotEndWith(LAST_CHUNK).doesNotContain("[DONE]");
        assertThat(dataLines(raw)).hasSize(3);
        assertThat(client.lastEntry().path("tokens_sent").asInt()).isEqualTo(2);
        assertThat(ended()).isEqualTo("faulted 200");
    }

    @Test
    void hangNeverAnswers() throws IOException {
        ProviderClient.Raw raw = client.exchange(prompt("x", "fault=hang", false), 50);

        assertThat(raw).isEqualTo(new ProviderClient.Raw("", End.SILENT));
        client.await("in_flight=0");
        assertThat(ended()).isEqualTo("aborted 0");
    }

    @Test
    void hangBodyStopsInTheMiddle() throws IOException {
        ProviderClient.Raw json = client.exchange(prompt("x", "fault=hang_body", false), 500);
        ProviderClient.Raw stream = client.exchange(prompt("x y z", "fault=hang_body", true), 500);

        assertThat(json.end()).isEqualTo(End.SILENT);
        assertHalfBody(json.bytes());
        assertThat(stream.end()).isEqualTo(End.SILENT);
        assertThat(dataLines(stream)).hasSize(3);
        client.await("in_flight=0");
        assertThat(ended()).isEqualTo("aborted 200");
    }

    @Test
    void dripIsSlowButWhole() {
        String drip = "fault=drip drip_delay=100us";

        HttpResponse<String> json = client.post(prompt("x", drip, false));
        List<JsonNode> events = client.events(prompt("x", drip, true));

        assertThat(ProviderClient.read(json.body()).at("/choices/0/message/content").asText())
                .endsWith(": x");
        assertThat(events.getLast().at("/choices/0/finish_reason").asText()).isEqualTo("stop");
        assertThat(ended()).isEqualTo("completed 200");
    }

    @Test
    void truncatedJsonIsWholeByItsLength() throws IOException {
        ProviderClient.Raw raw = client.exchange(prompt("x", "fault=truncated_json", false), 5_000);

        assertThat(raw.end()).isEqualTo(End.CLOSED);
        assertThat(body(raw.bytes()))
                .hasSize(contentLength(raw.bytes()))
                .startsWith("{")
                .doesNotEndWith("}");
        assertThat(ended()).isEqualTo("faulted 200");
    }

    @ParameterizedTest
    @CsvSource({
        "null_content, stop, false, false",
        "refusal, stop, false, true",
        "length, length, true, false",
        "content_filter, content_filter, true, false",
        "no_finish_reason,, true, false",
    })
    void aCompletionIsWellFormedButUseless(
            String fault, String reason, boolean content, boolean refusal) {
        JsonNode choice =
                client.complete(prompt("a b c", "fault=" + fault, false)).at("/choices/0");
        List<JsonNode> events = client.events(prompt("a b c", "fault=" + fault, true));

        assertThat(choice.path("finish_reason").textValue()).isEqualTo(reason);
        assertThat(choice.at("/message/content").isTextual()).isEqualTo(content);
        assertThat(choice.at("/message/refusal").isTextual()).isEqualTo(refusal);
        assertThat(events.getLast().at("/choices/0/finish_reason").textValue()).isEqualTo(reason);
        assertThat(events.get(1).at("/choices/0/delta/content").isTextual()).isEqualTo(content);
        assertThat(events.get(1).at("/choices/0/delta/refusal").isTextual()).isEqualTo(refusal);
        assertThat(ended()).isEqualTo("completed 200");
    }

    @Test
    void choicesAreEmptyOrAnErrorStandsInTheirPlace() {
        JsonNode empty = client.complete(prompt("x", "fault=empty_choices", false));
        List<JsonNode> emptyStream = client.events(prompt("x", "fault=empty_choices", true));
        JsonNode error = client.complete(prompt("x", "fault=error_object", false));

        assertThat(empty.path("choices").isArray()).isTrue();
        assertThat(empty.path("choices")).isEmpty();
        assertThat(emptyStream).hasSize(1);
        assertThat(emptyStream.getFirst().path("choices")).isEmpty();
        assertThat(error.path("error").path("message").asText()).isNotBlank();
    }

    @ParameterizedTest
    @CsvSource({
        "cut_before_first, 1, 0",
        "cut_after_first, 3, 2",
        "error_event, 4, 2",
        "malformed_event, 4, 2",
        "truncated_json, 4, 2",
        "no_done, 7, 5",
    })
    void aStreamEndsInOrderButTooSoon(String fault, int events, int tokens) throws IOException {
        ProviderClient.Raw raw = client.exchange(prompt("x y z", "fault=" + fault, true), 5_000);

        assertThat(raw.end()).isEqualTo(End.CLOSED);
        assertThat(raw.bytes()).endsWith(LAST_CHUNK).doesNotContain("[DONE]");
        assertThat(raw.bytes().contains("\"finish_reason\":\"stop\""))
                .isEqualTo(fault.equals("no_done"));
        assertThat(raw.bytes().contains("data: {\"error\":"))
                .isEqualTo(fault.equals("error_event"));
        assertThat(dataLines(raw)).hasSize(events);
        assertThat(client.lastEntry().path("tokens_sent").asInt()).isEqualTo(tokens);
        assertThat(ended()).isEqualTo("faulted 200");
    }

    @ParameterizedTest
    @EnumSource
    void everyFaultOfEveryKindEndsOrIsLeft(Fault fault) throws IOException {
        for (boolean stream : new boolean[] {false, true}) {
            for (String text : List.of("x", "What sentiment?")) {
                client.exchange(
                        prompt(text, "drip_delay=1us fault=" + fault.wireName(), stream), 30);
            }
        }

        JsonNode stats = client.await("ended=4");
        assertThat(stats.path("in_flight").asInt()).isZero();
    }

    @Test
    void asksToTryAgainInEveryWay() {
        HttpResponse<String> seconds =
                client.post(prompt("x", "fault=rate_limit retry_after=2", false));
        HttpResponse<String> millis =
                client.post(prompt("x", "fault=overloaded retry_after_ms=1500", false));
        HttpResponse<String> date =
                client.post(prompt("x", "fault=unavailable retry_after_date=30", false));
        HttpResponse<String> none =
                client.post(prompt("x", "fault=server_error retry_after=2", false));

        assertThat(seconds.headers().firstValue("retry-after")).contains("2");
        assertThat(millis.headers().firstValue("retry-after-ms")).contains("1500");
        assertThat(millis.headers().firstValue("retry-after")).isEmpty();
        String written = date.headers().firstValue("retry-after").orElseThrow();
        Instant asked =
                ZonedDateTime.parse(written, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
        assertThat(Duration.between(Instant.now(), asked))
                .isBetween(Duration.ofSeconds(25), Duration.ofSeconds(31));
        assertThat(none.headers().firstValue("retry-after")).isEmpty();
        JsonNode log = client.get("/admin/log").path("entries");
        assertThat(log.get(0).path("retry_after_ms").asInt()).isEqualTo(2_000);
        assertThat(log.get(1).path("retry_after_ms").asInt()).isEqualTo(1_500);
        assertThat(log.get(2).path("retry_after_ms").asInt()).isBetween(30_000, 31_000);
        assertThat(log.get(3).path("retry_after_ms").isNull()).isTrue();
    }

    @Test
    void aFaultOfTwoTimesAppliesTwiceToEachConversation() {
        for (String text : List.of("a", "b")) {
            String body = prompt(text, "fault=server_error times=2", false);
            assertThat(statuses(body, 4)).containsExactly(500, 500, 200, 200);
        }

        client.send(client.to("/admin/log").DELETE());

        assertThat(statuses(prompt("a", "fault=server_error times=2", false), 3))
                .containsExactly(500, 500, 200);
    }

    @Test
    void timesOfTheDefaultBehaviourCountAllRequests() {
        String once = "{\"fault\":\"server_error\",\"times\":1}";

        client.put("/admin/behaviour", once);
        assertThat(client.post(ProviderClient.prompt("a")).statusCode()).isEqualTo(500);
        assertThat(client.post(ProviderClient.prompt("b")).statusCode()).isEqualTo(200);

        client.put("/admin/behaviour", once);
        assertThat(client.post(ProviderClient.prompt("c")).statusCode()).isEqualTo(500);
    }

    @Test
    void aRateAppliesToSomeAndTheSameOnesForTheSameSeed() {
        List<Integer> first = rolled(7);

        assertThat(first).contains(200, 500);
        assertThat(rolled(7)).isEqualTo(first);
        assertThat(rolled(8)).isNotEqualTo(first);
    }

    private static List<Integer> rolled(long seed) {
        var behaviour = Behaviour.parse("fault=server_error rate=0.5");
        try (var seeded =
                new ProviderClient(Options.defaults().withSeed(seed).withBehaviour(behaviour))) {
            return IntStream.range(0, 24)
                    .mapToObj(_ -> seeded.post(ProviderClient.prompt("x")).statusCode())
                    .toList();
        }
    }

    private List<Integer> statuses(String body, int times) {
        return IntStream.range(0, times).mapToObj(_ -> client.post(body).statusCode()).toList();
    }

    private String ended() {
        JsonNode entry = client.lastEntry();
        return entry.path("end").asText() + " " + entry.path("status").asInt();
    }

    private static String prompt(String text, String words, boolean stream) {
        return ProviderClient.prompt(text + " [[sim " + words + "]]", stream);
    }

    private static List<String> dataLines(ProviderClient.Raw raw) {
        return raw.bytes().lines().filter(line -> line.startsWith("data: ")).toList();
    }

    private static void assertHalfBody(String bytes) {
        assertThat(body(bytes)).hasSize(contentLength(bytes) / 2).startsWith("{\"id\"");
    }

    private static String body(String bytes) {
        return bytes.substring(bytes.indexOf("\r\n\r\n") + 4);
    }

    private static int contentLength(String bytes) {
        String header = "content-length: ";
        int start = bytes.indexOf(header) + header.length();
        return Integer.parseInt(bytes.substring(start, bytes.indexOf("\r\n", start)));
    }
}
