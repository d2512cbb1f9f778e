package io.penstock.dev;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.dev.SimulatedProvider.Options;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SimulatedAdminTest {
    private final ProviderClient client = new ProviderClient(Options.defaults());

    @AfterEach
    void stop() {
        client.close();
    }

    @Test
    void aGateHoldsRequestsUntilItOpens() {
        List<CompletableFuture<HttpResponse<String>>> held =
                IntStream.range(0, 3)
                        .mapToObj(i ->
                                client.later(ProviderClient.prompt("hi " + i + " [[sim gate=a]]")))
                        .toList();
        client.await("in_flight=3");
        assertThat(client.text("free")).endsWith("free");

        client.send(client.to("/admin/gates/a").POST(BodyPublishers.noBody()));

        assertThat(held).allSatisfy(f -> assertThat(f.join().statusCode()).isEqualTo(200));
        assertThat(client.text("later [[sim gate=a]]")).endsWith("later");
        assertThat(client.stats().path("peak_in_flight").asInt()).isEqualTo(4);

        client.send(client.to("/admin/gates").DELETE());
        var again = client.later(ProviderClient.prompt("again [[sim gate=a]]"));
        client.await("in_flight=1");
        client.send(client.to("/admin/gates").DELETE());
        assertThat(again.join().statusCode()).isEqualTo(200);
    }

    @Test
    void logsWhatItSawAndForgetsOnDemand() {
        client.send(
                client.chat(ProviderClient.prompt("first [[sim latency=5ms]]"))
                        .header("x-penstock-item", "i-1"));
        client.text("second");

        JsonNode entries = client.get("/admin/log").path("entries");
        JsonNode first = entries.get(0);
        assertThat(entries).hasSize(2);
        assertThat(first.path("seq").asInt()).isEqualTo(1);
        assertThat(first.path("key").asText()).isEqualTo("first [[sim latency=5ms]]");
        assertThat(first.path("custom").asText()).isEqualTo("i-1");
        assertThat(first.path("model").asText()).isEqualTo("m");
        assertThat(first.path("fault").isNull()).isTrue();
        assertThat(first.path("end").asText()).isEqualTo("completed");
        assertThat(first.path("completion_tokens").asInt()).isEqualTo(3);
        assertThat(first.path("ended_at").asDouble() - first.path("at").asDouble())
                .isGreaterThanOrEqualTo(5);
        assertThat(client.get("/admin/log?after=1").path("entries")).hasSize(1);
        assertThat(client.get("/admin/log?limit=1").at("/entries/0/seq").asInt()).isEqualTo(1);

        client.send(client.to("/admin/log").DELETE());
        assertThat(client.get("/admin/log").path("entries")).isEmpty();
        assertThat(client.stats().path("requests").asInt()).isZero();
    }

    @Test
    void dropsTheOldestEntriesOverTheLogLimit() {
        try (var small = new ProviderClient(Options.defaults().withLogLimit(2))) {
            for (String text : List.of("a", "b", "c")) {
                small.text(text);
            }

            JsonNode log = small.get("/admin/log");
            assertThat(log.path("dropped").asInt()).isEqualTo(1);
            assertThat(log.at("/entries/0/key").asText()).isEqualTo("b");
        }
    }

    @Test
    void theBehaviourIsSetShownAndRestored() {
        var put =
                client.put(
                        "/admin/behaviour", "{\"fault\":\"unavailable\",\"latency\":\"1500us\"}");
        assertThat(put.statusCode()).isEqualTo(200);
        assertThat(client.get("/admin/behaviour").path("latency").asText()).isEqualTo("1500us");
        assertThat(client.post(ProviderClient.prompt("x")).statusCode()).isEqualTo(503);
        assertThat(client.post(ProviderClient.prompt("x [[sim fault=none]]")).statusCode())
                .isEqualTo(200);

        client.send(client.to("/admin/behaviour").DELETE());

        assertThat(client.get("/admin/behaviour").path("fault").asText()).isEqualTo("none");
        assertThat(client.post(ProviderClient.prompt("x")).statusCode()).isEqualTo(200);
    }

    @Test
    void aWrongBehaviourIsRefusedByName() {
        for (String name : List.of("colour", "rate", "latency", "fault", "times", "latency_p99")) {
            var put = client.put("/admin/behaviour", "{\"" + name + "\":\"-1\"}");

            assertThat(put.statusCode()).as(name).isEqualTo(400);
            assertThat(ProviderClient.read(put.body()).at("/error/param").asText()).isEqualTo(name);
            assertThat(ProviderClient.read(put.body()).at("/error/message").asText())
                    .contains(name);
        }
        assertThat(client.put("/admin/behaviour", "[").statusCode()).isEqualTo(400);
    }

    @Test
    void awaitGivesUpAtItsTimeoutAndRefusesWhatItDoesNotKnow() {
        var late = client.send(client.to("/admin/await?requests=1&timeout_ms=20"));
        var unknown = client.send(client.to("/admin/await?weather=1"));

        assertThat(late.statusCode()).isEqualTo(408);
        assertThat(ProviderClient.read(late.body()).path("requests").asInt()).isZero();
        assertThat(unknown.statusCode()).isEqualTo(400);
    }

    @Test
    void aBadFirstAnswerIsSetForAllAndCountedOverTime() {
        client.put(
                "/admin/behaviour",
                "{\"fault\":\"unavailable,server_error\",\"times\":1,\"each\":true}");
        for (String text : List.of("a", "b")) {
            assertThat(client.post(ProviderClient.prompt(text)).statusCode()).isIn(500, 503);
            assertThat(client.post(ProviderClient.prompt(text)).statusCode()).isEqualTo(200);
        }

        JsonNode slices = client.get("/admin/timeline?slice_ms=3600000").path("slices");
        assertThat(slices).hasSize(1);
        assertThat(slices.at("/0/started").asInt()).isEqualTo(4);
        assertThat(slices.at("/0/answered").asInt()).isEqualTo(2);
        assertThat(slices.at("/0/failed").asInt()).isEqualTo(2);
        assertThat(slices.at("/0/peak_in_flight").asInt()).isEqualTo(1);
        assertThat(client.send(client.to("/admin/timeline?slice_ms=150")).statusCode())
                .isEqualTo(400);
    }

    @Test
    void aLimitOfAnyShapeIsSetAndItsWaitIsToldInOneWay() {
        client.put(
                "/admin/behaviour",
                "{\"requests\":\"1/1m:fixed:1m\",\"waits\":\"seconds\",\"headers\":\"minus_one\"}");

        assertThat(client.post(ProviderClient.prompt("a")).statusCode()).isEqualTo(200);
        var refused = client.post(ProviderClient.prompt("a"));
        client.post(ProviderClient.prompt("a"));

        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.headers().firstValue("retry-after")).contains("60");
        assertThat(refused.headers().firstValue("retry-after-ms")).isEmpty();
        assertThat(refused.headers().firstValue("x-ratelimit-remaining-requests")).contains("-1");
        assertThat(client.stats().path("early").asInt()).isEqualTo(1);
        assertThat(client.lastEntry().path("early").asBoolean()).isTrue();
    }
}
