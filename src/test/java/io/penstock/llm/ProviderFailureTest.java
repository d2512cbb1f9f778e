package io.penstock.llm;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.Caller;
import io.vertx.core.MultiMap;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProviderFailureTest {

    private static final Endpoint ENDPOINT = Endpoint.of("http://host/v1", "own.key/123", false);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Incorrect API key provided: sk-abcdefgh1234567890.",
                "Incorrect API key provided: wron****-key.",
                "Got Authorization: Bearer abc.def.ghi here",
                "key sk-proj-AbC_123-xyz is unknown",
                "Invalid API key: gsk_abcdefgh",
                "Invalid API key: own.key/123"
            })
    void leavesOutWhatLooksLikeAKey(String message) {
        assertThat(ProviderFailure.scrubbed(message, "own.key/123"))
                .contains("[removed]")
                .doesNotContain("own.key", "abcdefgh", "wron", "abc.def", "AbC_123");
    }

    @Test
    void leavesOrdinaryTextAloneAndBoundsIt() {
        assertThat(ProviderFailure.scrubbed("max_tokens must be below 4096.", null))
                .isEqualTo("max_tokens must be below 4096.");
        assertThat(ProviderFailure.scrubbed("x".repeat(10_000), "k")).hasSize(501);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "400 | {'message':'Tool type web_search is not supported.'}                     | INVALID_REQUEST | Tool type web_search is not supported.",
                "400 | {'object':'error','message':'max_tokens must be at least 1','code':400}   | INVALID_REQUEST | max_tokens must be at least 1",
                "422 | {'error':'inputs must have less than 4096 tokens'}                       | INVALID_REQUEST | less than 4096 tokens",
                "400 | [{'error':{'code':400,'message':'Function calling is off'}}]             | INVALID_REQUEST | Function calling is off",
                "422 | {'detail':[{'loc':['body','stop'],'msg':'too many'}]}                    | INVALID_REQUEST | stop: too many",
                "400 | {'detail':'No such field'}                                               | INVALID_REQUEST | No such field",
                "400 | {'message':{'detail':[{'loc':['body','x'],'msg':'is extra'}]}}           | INVALID_REQUEST | x: is extra",
                "400 | {'errors':[{'message':'One of many'}]}                                   | INVALID_REQUEST | One of many",
                "400 | 'Only a text'                                                            | INVALID_REQUEST | Only a text",
                "404 | 404 page not found                                                       | INVALID_REQUEST | 404 page not found",
                "400 | <html>no</html>                                                          | INVALID_REQUEST | check OPENAI_BASE_URL",
                "400 | {'error':{'message':'no','innererror':{'code':'ResponsibleAIPolicyViolation'}}} | CONTENT_FILTER | no",
                "400 | {'error':{'code':'DataInspectionFailed','message':'bad words'}}          | CONTENT_FILTER  | bad words",
                "403 | {'error':{'code':403,'message':'flagged','metadata':{'reasons':['x']}}}  | CONTENT_FILTER  | flagged",
                "403 | {'error':{'message':'no access'}}                                        | INVALID_REQUEST | The provider at host refuses the prompt: no access",
                "403 | {'error':{'message':'no access to it','code':'model_not_found'}}         | INVALID_REQUEST | no access to it",
                "403 | <html>403 Forbidden</html>                                               | INVALID_REQUEST | check OPENAI_BASE_URL",
                "403 | {'error':{'code':'403','message':'x','metadata':{'flagged_input':'y'}}}  | CONTENT_FILTER  | x",
                "403 | {'error':{'code':'content_policy_violation','message':'x'}}              | CONTENT_FILTER  | x",
                "403 | {'error':{'code':'unsupported_country_region_territory'}}                | AUTHENTICATION  | refuses Penstock's key",
                "403 | {'type':'error','error':{'type':'permission_error','message':'x'}}       | AUTHENTICATION  | refuses Penstock's key",
                "403 | [{'error':{'code':403,'status':'PERMISSION_DENIED','message':'x'}}]      | AUTHENTICATION  | refuses Penstock's key",
                "401 | {}                                                                       | AUTHENTICATION  | refuses Penstock's key",
                "400 | [{'error':{'message':'bad','details':[{'reason':'API_KEY_INVALID'}]}}]   | AUTHENTICATION  | refuses Penstock's key",
                "429 | {'error':{'type':'exceeded_current_quota_error','message':'recharge'}}   | QUOTA_EXHAUSTED | credit",
                "429 | {'error':{'message':'Your account has insufficient balance'}}            | QUOTA_EXHAUSTED | credit",
                "400 | {'error':{'message':'Your credit balance is too low to access the API'}} | QUOTA_EXHAUSTED | credit",
                "400 | {'code':'Arrearage','message':'Access denied'}                           | QUOTA_EXHAUSTED | credit",
                "429 | {'error':{'message':'insufficient balance of tokens, try again in 2s'}}  | RATE_LIMITED    | rate",
                "429 | {'error':{'message':'Request too large: Limit 30000, Requested 45000'}}  | INVALID_REQUEST | Request too large",
                "429 | {'error':{'message':'litellm.RateLimitError: Request too large for x on tokens per min (TPM): Limit 30,000, Requested 45,000. Visit'}} | INVALID_REQUEST | Request too large",
                "413 | {'error':{'message':'Request too large: Limit 6000, Requested 7591','code':'rate_limit_exceeded'}} | INVALID_REQUEST | Request too large",
                "429 | {'error':{'message':'Rate limit: Limit 30000, Used 29000, Requested 2000'}} | RATE_LIMITED | rate",
                "503 | {'error':{}}                                                             | OVERLOADED      | overloaded",
                "400 | {'base_resp':{'status_code':1002,'status_msg':'rate limit'}}             | RATE_LIMITED    | rate",
                "500 | {'base_resp':{'status_code':2049,'status_msg':'invalid api key'}}        | AUTHENTICATION  | refuses Penstock's key",
                "400 | {'base_resp':{'status_code':9999,'status_msg':'something new'}}          | INVALID_REQUEST | something new",
                "400 | {'error_code':18,'error_msg':'Open api qps request limit reached'}       | RATE_LIMITED    | rate",
                "400 | {'error_code':'110','error_msg':'Access token invalid'}                  | AUTHENTICATION  | refuses Penstock's key",
                "400 | {'promptFeedback':{'blockReason':'SAFETY','blockReasonMessage':'Unsafe.'}} | CONTENT_FILTER | Unsafe.",
                "500 | {'error':{'message':'cut off in the mid                                  | SERVER          | status 500",
                "400 | {'error':{'code':'x','message':'cut off in the mid\\u00e                 | INVALID_REQUEST | cut off in the mid",
            })
    void understandsAnErrorInWhateverShape(int status, String body, FailureKind kind, String says) {
        Failure failure = ofStatus(status, body.replace('\'', '"'));

        assertThat(failure.kind()).isEqualTo(kind);
        assertThat(failure.message()).contains(says);
        assertThat(failure.status()).isEqualTo(status);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'error':{'code':429,'message':'x'}}                     | RATE_LIMITED    | 429",
                "{'error':{'code':'429'}}                                 | RATE_LIMITED    | 429",
                "{'error':{'status_code':400,'message':'x'}}              | INVALID_REQUEST | 400",
                "{'error':{'code':402,'message':'x'}}                     | QUOTA_EXHAUSTED | 402",
                "{'error':{'code':502,'message':'quota exceeded'}}        | SERVER          | 502",
                "{'error':{'type':'rate_limit_error'}}                    | RATE_LIMITED    | 0",
                "{'error':{'status':'RESOURCE_EXHAUSTED'}}                | RATE_LIMITED    | 0",
                "{'error':{'type':'overloaded_error'}}                    | OVERLOADED      | 0",
                "{'error':{'type':'BadRequestError','message':'x'}}       | INVALID_REQUEST | 0",
                "{'error':{'type':'invalid_request_error'}}               | INVALID_REQUEST | 0",
                "{'error':'stream_read_error'}                            | SERVER          | 0",
                "{'error':{'code':'invalid_api_key'}}                     | AUTHENTICATION  | 0",
                "{'error':{'message':'insufficient balance'}}             | QUOTA_EXHAUSTED | 0",
                "{'base_resp':{'status_code':1004,'status_msg':'x'}}      | AUTHENTICATION  | 401",
                "{'base_resp':{'status_code':1026,'status_msg':'x'}}      | CONTENT_FILTER  | 400",
                "{'base_resp':{'status_code':7777,'status_msg':'x'}}      | SERVER          | 0",
                "{'error_code':336100,'error_msg':'high load'}            | OVERLOADED      | 503",
                "{'error':'stream_options is not supported'}              | UNEXPECTED_ANSWER | 0",
                "{'error':'no such deployment'}                           | UNEXPECTED_ANSWER | 0",
                "{'type':'error','message':'no such deployment'}          | UNEXPECTED_ANSWER | 0",
                "{'error':{'message':'Invalid API key'}}                  | AUTHENTICATION  | 0",
                "{'error':{'message':'bad','code':1305}}                  | SERVER          | 0",
            })
    void judgesAnErrorInsideOfAnAnswerByItsOwnNumberAndCode(
            String body, FailureKind kind, int status) {
        Failure failure =
                ProviderFailure.inside(
                        head(200),
                        ProviderError.in(Caller.parse(body.replace('\'', '"'))),
                        ENDPOINT);

        assertThat(failure.kind()).isEqualTo(kind);
        assertThat(failure.status()).isEqualTo(status);
        assertThat(failure.message()).doesNotContain("status 200");
    }

    @ParameterizedTest
    @CsvSource({
        "ISO-8859-1, text/plain; charset=iso-8859-1",
        "ISO-8859-1, application/json",
        "ISO-8859-1, 'application/json; charset=\"no such\"'",
        "UTF-8, application/json;charset=utf-8",
        "UTF-8, text/plain",
        "UTF-16, text/plain; charset=UTF-16",
    })
    void readsAnErrorInItsCharset(Charset charset, String contentType) {
        byte[] body = "{\"error\":{\"message\":\"Größe überschritten\"}}".getBytes(charset);
        MultiMap headers = MultiMap.caseInsensitiveMultiMap().add("content-type", contentType);

        assertThat(ProviderFailure.of(new Exchange.Head(400, headers), body, ENDPOINT).message())
                .endsWith("Größe überschritten");
    }

    @Test
    void tellsTheBeginningOfALongError() {
        String text =
                "{\"error\":{\"message\":\"too many ä"
                        + "ä".repeat(100_000)
                        + "\",\"code\":\"c\"}}";
        byte[] cut = Arrays.copyOf(text.getBytes(StandardCharsets.UTF_8), Exchange.ERROR_BYTES + 1);

        for (byte[] body : List.of(cut, Arrays.copyOf(cut, cut.length - 1))) {
            assertThat(ProviderFailure.of(head(400), body, ENDPOINT).message())
                    .contains("too many ää")
                    .endsWith("…");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", "{}", "[]", "\"\"", "\" \"", "false", "0"})
    void anEmptyErrorIsNone(String error) {
        assertThat(ProviderError.isIn(Caller.parse("{\"error\":" + error + "}"))).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "401, true",
        "403, true",
        "404, true",
        "405, true",
        "301, true",
        "307, true",
        "400, false",
        "413, false",
        "422, false",
        "429, false",
        "500, false"
    })
    void knowsWhatMayBeARefusalOfAllPrompts(int status, boolean isRefusal) {
        assertThat(ofStatus(status, "{}").isRefusal()).isEqualTo(isRefusal);
        assertThat(ProviderFailure.page(ENDPOINT).isRefusal()).isTrue();
        assertThat(ProviderFailure.notJson().isRefusal()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"500, 300", "502, 300", "503, 300", "529, 300", "429, 86400"})
    void anErrorIsWaitedForNoLongerThanMinutesAndALimitForADay(int status, int seconds) {
        MultiMap headers = MultiMap.caseInsensitiveMultiMap().add("retry-after", "864000");

        assertThat(
                        ProviderFailure.of(
                                        new Exchange.Head(status, headers), new byte[0], ENDPOINT)
                                .retryAfter())
                .isEqualTo(Duration.ofSeconds(seconds));
    }

    @Test
    void namesTheProvidersOwnRequestId() {
        MultiMap headers = MultiMap.caseInsensitiveMultiMap().add("x-request-id", "req_7");

        assertThat(
                        ProviderFailure.of(new Exchange.Head(500, headers), new byte[0], ENDPOINT)
                                .requestId())
                .isEqualTo("req_7");
        headers.set("x-request-id", "a\nb");
        assertThat(
                        ProviderFailure.of(new Exchange.Head(500, headers), new byte[0], ENDPOINT)
                                .requestId())
                .isNull();
    }

    private static Failure ofStatus(int status, String body) {
        return ProviderFailure.of(head(status), body.getBytes(StandardCharsets.UTF_8), ENDPOINT);
    }

    private static Exchange.Head head(int status) {
        return new Exchange.Head(status, MultiMap.caseInsensitiveMultiMap());
    }
}
