package io.penstock.dev;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.dev.SimulatedProvider.Options;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SimulatedAnswersTest {
    private final ProviderClient client = new ProviderClient(Options.defaults());

    @AfterEach
    void stop() {
        client.close();
    }

    @Test
    void answersWithTheHashAndBeginningOfThePrompt() {
        JsonNode body =
                client.complete(
                        "{'model':'gpt-4o','messages':[%s,%s]}"
                                .formatted(
                                        "{'role':'system','content':'Be brief.'}",
                                        "{'role':'user','content':'hello \\n  world'}"));

        assertThat(body.path("object").asText()).isEqualTo("chat.completion");
        assertThat(body.path("id").asText()).startsWith("chatcmpl-");
        assertThat(body.path("model").asText()).isEqualTo("gpt-4o-2026-01-01");
        JsonNode choice = body.path("choices").path(0);
        assertThat(choice.at("/message/role").asText()).isEqualTo("assistant");
        assertThat(choice.at("/message/refusal").isNull()).isTrue();
        assertThat(choice.at("/message/content").asText())
                .isEqualTo("Answer " + crc32("Be brief.hello \n  world") + ": hello world");
        assertThat(choice.path("finish_reason").asText()).isEqualTo("stop");
        // 9 + 14 characters are 6 tokens.
        assertThat(body.at("/usage/prompt_tokens").asInt()).isEqualTo(6);
        assertThat(body.at("/usage/completion_tokens").asInt()).isEqualTo(4);
        assertThat(body.at("/usage/total_tokens").asInt()).isEqualTo(10);
        assertThat(body.at("/usage/prompt_tokens_details/cached_tokens").isInt()).isTrue();
    }

    @Test
    void aMarkerDoesNotChangeTheAnswer() {
        String plain = client.text("tell me more");

        assertThat(client.text("tell me more [[sim latency=1ms]]")).isEqualTo(plain);
        assertThat(client.text("[[sim latency=1ms]] tell me [[sim rate=1]] more")).isEqualTo(plain);
        assertThat(client.text("tell me less")).isNotEqualTo(plain);
    }

    @Test
    void echoesAtMost160CharactersAndKeepsPairs() {
        String text = client.text("ab\uD83D\uDE00 ".repeat(100));

        assertThat(text.substring("Answer 12345678: ".length()).length()).isBetween(150, 160);
        assertThat(text).doesNotContain("?").endsWith("\uD83D\uDE00");
    }

    @Test
    void streamsTheSameTextTokenByToken() {
        String body = "{'model':'gpt-4o','messages':[{'role':'user','content':'one two three'}]%s}";
        JsonNode whole = client.complete(body.formatted(""));

        List<JsonNode> events =
                client.events(
                        body.formatted(",'stream':true,'stream_options':{'include_usage':true}"));

        assertThat(events.getFirst().at("/choices/0/delta/role").asText()).isEqualTo("assistant");
        assertThat(events.getFirst().at("/choices/0/delta/content").asText("-")).isEmpty();
        assertThat(joined(events, 0))
                .isEqualTo(whole.at("/choices/0/message/content").asText())
                .endsWith(": one two three");
        JsonNode finish = events.get(events.size() - 2);
        assertThat(finish.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
        assertThat(finish.has("usage")).isTrue();
        assertThat(finish.path("usage").isNull()).isTrue();
        assertThat(events.getLast().path("choices").isEmpty()).isTrue();
        assertThat(events.getLast().path("usage")).isEqualTo(whole.path("usage"));
        assertThat(events)
                .allSatisfy(e -> assertThat(e.path("id")).isEqualTo(events.getFirst().path("id")));
        // Role, five words, finish and usage.
        assertThat(events).hasSize(8);
        assertThat(client.lastEntry().path("tokens_sent").asInt()).isEqualTo(5);
    }

    @Test
    void streamsWithoutUsageUnlessAsked() {
        List<JsonNode> events =
                client.events(
                        "{'model':'m-2025-04-14','stream':true,'n':2,"
                                + "'messages':[{'role':'user','content':'x'}]}");

        assertThat(events)
                .allSatisfy(event -> {
                    assertThat(event.has("usage")).isFalse();
                    assertThat(event.path("model").asText()).isEqualTo("m-2025-04-14");
                });
        assertThat(joined(events, 0)).isEqualTo(joined(events, 1)).endsWith(": x");
    }

    @Test
    void givesEveryChoiceAskedFor() {
        JsonNode body =
                client.complete("{'model':'m','n':3,'messages':[{'role':'user','content':'x'}]}");

        assertThat(body.path("choices")).hasSize(3);
        assertThat(body.at("/choices/2/index").asInt()).isEqualTo(2);
        assertThat(body.at("/usage/completion_tokens").asInt()).isEqualTo(9);
    }

    @ParameterizedTest
    @ValueSource(strings = {"max_tokens", "max_completion_tokens"})
    void cutsTheAnswerAtTheTokenLimit(String limit) {
        JsonNode body =
                client.complete(
                        "{'model':'m','%s':2,'messages':[{'role':'user','content':'a b c'}]}"
                                .formatted(limit));

        assertThat(body.at("/choices/0/message/content").asText()).matches("Answer [0-9a-f]{8}: ");
        assertThat(body.at("/choices/0/finish_reason").asText()).isEqualTo("length");
        assertThat(body.at("/usage/completion_tokens").asInt()).isEqualTo(2);
    }

    @Test
    void answersInJsonWhenTheFormatIsJson() throws IOException {
        JsonNode body =
                client.complete(
                        "{'model':'m','response_format':{'type':'json_object'},'messages':[%s]}"
                                .formatted("{'role':'user','content':'say \\\"hi\\\"'}"));

        JsonNode content =
                ProviderClient.JSON.readTree(body.at("/choices/0/message/content").asText());
        assertThat(content.path("answer").asText()).endsWith(": say \"hi\"");
    }

    @ParameterizedTest
    @CsvSource({
        "I love it it is great but slow, positive",
        "What a terrible broken thing, negative",
        "good and bad, neutral",
        "It arrived on Monday, neutral"
    })
    void answersASentimentInOneWord(String review, String sentiment) {
        JsonNode body =
                client.complete(
                        "{'model':'m','messages':[%s,{'role':'user','content':'%s'}]}"
                                .formatted(
                                        "{'role':'system','content':'What is the Sentiment?'}",
                                        review));

        assertThat(body.at("/choices/0/message/content").asText()).isEqualTo(sentiment);
    }

    @Test
    void callsTheFirstToolWhenTheMarkerAsksAndAnswersOnceItHasAResult() {
        String tools = "'tools':[{'type':'function','function':{'name':'lookup'}}]";
        String user = "{'role':'user','content':'weather? [[sim tool]]'}";

        JsonNode called =
                client.complete("{'model':'m',%s,'messages':[%s]}".formatted(tools, user));
        JsonNode answered =
                client.complete(
                        "{'model':'m',%s,'messages':[%s,%s,%s]}"
                                .formatted(
                                        tools,
                                        user,
                                        "{'role':'assistant','content':null,'tool_calls':[]}",
                                        "{'role':'tool','tool_call_id':'c','content':'sunny'}"));
        List<JsonNode> events =
                client.events(
                        "{'model':'m','stream':true,%s,'messages':[%s]}".formatted(tools, user));

        assertThat(called.at("/choices/0/message/content").isNull()).isTrue();
        assertThat(called.at("/choices/0/finish_reason").asText()).isEqualTo("tool_calls");
        JsonNode function = called.at("/choices/0/message/tool_calls/0/function");
        assertThat(function.path("name").asText()).isEqualTo("lookup");
        assertThat(function.path("arguments").asText()).isEqualTo("{}");
        assertThat(answered.at("/choices/0/message/content").asText()).endsWith(": weather?");
        assertThat(events.get(0).at("/choices/0/delta/tool_calls/0/function/name").asText())
                .isEqualTo("lookup");
        assertThat(events.get(1).at("/choices/0/delta/tool_calls/0/function/arguments").asText())
                .isEqualTo("{}");
        assertThat(events.getLast().at("/choices/0/finish_reason").asText())
                .isEqualTo("tool_calls");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "nonsense |",
                "[] |",
                "{'messages':[{'role':'user','content':'x'}]} |",
                "{'model':'m'} | messages",
                "{'model':'m','messages':'x'} | messages",
                "{'model':'m','messages':[]} | messages",
                "{'model':'m','messages':[{'content':'x'}]} | messages[0].role",
                "{'model':'m','messages':[{'role':'boss','content':'x'}]} | messages[0].role",
                "{'model':'m','messages':[{'role':'user'}]} | messages[0].content",
                "{'model':'m','messages':[{'role':'user','content':5}]} | messages[0].content",
                "{'model':'m','temperature':3,'messages':[{'role':'user','content':'x'}]} |"
                        + " temperature",
                "{'model':'m','max_tokens':0,'messages':[{'role':'user','content':'x'}]} |"
                        + " max_tokens",
                "{'model':'m','n':1.5,'messages':[{'role':'user','content':'x'}]} | n",
                "{'model':'m','stream':'yes','messages':[{'role':'user','content':'x'}]} | stream",
                "{'model':'m','stream_options':{},'messages':[{'role':'user','content':'x'}]} |"
                        + " stream_options",
                "{'model':'m','messages':[{'role':'user','content':'[[sim colour=red]]'}]} |"
                        + " messages",
                "{'model':'m','messages':[{'role':'user','content':'[[sim rpm=5]]'}]} | messages",
            })
    void refusesAWrongBody(String body, String param) {
        HttpResponse<String> response = client.post(body.replace('\'', '"'));

        assertThat(response.statusCode()).isEqualTo(400);
        JsonNode error = ProviderClient.read(response.body()).path("error");
        assertThat(error.path("type").asText()).isEqualTo("invalid_request_error");
        assertThat(error.path("message").asText()).isNotBlank();
        assertThat(error.path("param").textValue()).isEqualTo(param);
        assertThat(client.lastEntry().path("status").asInt()).isEqualTo(400);
    }

    @Test
    void refusesACallWithoutKeyAndAWrongKeyWithTheKeyMasked() {
        HttpRequest.Builder chat = HttpRequest.newBuilder(client.uri("/v1/chat/completions"));
        HttpResponse<String> none = client.send(chat.POST(BodyPublishers.ofString("{}")));
        HttpResponse<String> wrong = client.send(chat.header("authorization", "Bearer wrong-key"));

        assertThat(none.statusCode()).isEqualTo(401);
        assertThat(wrong.statusCode()).isEqualTo(401);
        JsonNode error = ProviderClient.read(wrong.body()).path("error");
        assertThat(error.path("code").asText()).isEqualTo("invalid_api_key");
        assertThat(error.path("message").asText())
                .startsWith("Incorrect API key provided: wron****-key.");
    }

    @Test
    void listsModelsAndKnowsNothingElse() {
        assertThat(client.get("/v1/models").at("/data/0/id").asText()).isEqualTo("gpt-4o");
        for (String path : List.of("/v1/engines", "/v1/chat/completions", "/", "/admin/nothing")) {
            assertThat(client.send(client.to(path)).statusCode()).as(path).isEqualTo(404);
        }
        assertThat(client.stats().path("requests").asInt()).isZero();
    }

    private static String joined(List<JsonNode> events, int choice) {
        var text = new StringBuilder();
        for (JsonNode event : events) {
            for (JsonNode c : event.path("choices")) {
                if (c.path("index").asInt() == choice) {
                    text.append(c.at("/delta/content").asText(""));
                }
            }
        }
        return text.toString();
    }

    private static String crc32(String text) {
        var crc = new java.util.zip.CRC32();
        crc.update(text.getBytes(StandardCharsets.UTF_8));
        return "%08x".formatted(crc.getValue());
    }
}
