package io.penstock.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.penstock.testing.Caller;
import io.penstock.testing.Caller.Answer;
import io.penstock.testing.OpenAiApi;
import io.penstock.testing.PenstockTest;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.Path;
import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.net.http.HttpRequest;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The OpenAPI document against the resources and against what they answer.
@QuarkusTest
class ApiDescriptionQuarkusTest extends PenstockTest {

    private static final String JSON = "application/json";
    private static final String NO_BODY = "";

    private ApiDescription api;

    @BeforeEach
    void read() {
        api = ApiDescription.at(caller);
    }

    @Test
    void describesEachResourceAndNoOther() {
        Map<String, Set<String>> taken = resources();

        assertThat(api.operations()).isEqualTo(taken.keySet());
        taken.forEach((operation, types) ->
                assertThat(api.takes(operation)).as(operation).isEqualTo(types));
    }

    @Test
    void isShownInDevModeAndTests() {
        Answer page = get("/q/swagger-ui/");

        assertThat(page.status()).isEqualTo(200);
        assertThat(page.body()).contains("/q/openapi");
    }

    @Test
    void eachOperationAnswersAsItSays() {
        prompts();
        String id = submitted();
        batch(id);
        stopped();
        pipelines();
        tasks();
        files();
        openAiBatches();
        keys();

        assertThat(api.seen()).isEqualTo(api.operations());
    }

    private void prompts() {
        String prompt =
                "{\"prompt\":\"one\",\"system\":\"two\",\"temperature\":0.5,\"max_tokens\":900,"
                        + "\"response_format\":{\"type\":\"text\"},\"timeout_ms\":30000,"
                        + "\"model\":\"gpt-4o\"}";
        post("/complete", JSON, prompt);
        check("POST /complete", caller.stream("one two"));
        check("POST /complete", caller.stream("one [[sim fault=cut_after_first]]"));
        check("POST /complete", caller.stream("one [[sim fault=server_error]]"));
        refused("POST /complete", "/complete", JSON, "{}", 400);
        refused("POST /complete", "/complete", "text/csv", "a,b", 415);
        refused("POST /complete", "/complete", JSON, prompt("[[sim fault=bad_request]]"), 400);
        refused("POST /complete", "/complete", JSON, prompt("[[sim fault=quota]]"), 429);
        refused("POST /complete", "/complete", JSON, prompt("[[sim fault=unauthorized]]"), 502);
        refused(
                "POST /complete",
                "/complete",
                JSON,
                "{\"prompt\":\"one [[sim latency=1s]]\",\"timeout_ms\":50}",
                504);
        String chat = "POST /v1/chat/completions";
        post("/v1/chat/completions", JSON, chat("one", false));
        check(chat, send(chat(chat("one", true))));
        check(chat, send(chat(chat("one [[sim fault=cut_after_first]]", true))));
        refused(chat, "/v1/chat/completions", JSON, "[]", 400);
        check("GET /v1/models", get("/v1/models"));
        String model = get("/v1/models").json().path("data").path(0).path("id").asText();
        check("GET /v1/models/{id}", get("/v1/models/" + model));
        check("GET /v1/models/{id}", get("/v1/models/none"));
    }

    private void tasks() {
        check("GET /tasks", get("/tasks"));
        String fitting = "{\"text\":\"It broke.\",\"language\":\"en\"}";
        Answer answer = post("/tasks/triage", JSON, fitting, "POST /tasks/{name}");
        assertThat(answer.status()).isEqualTo(200);
        refused("POST /tasks/{name}", "/tasks/none", JSON, fitting, 404);
        refused("POST /tasks/{name}", "/tasks/triage", JSON, "{\"text\":\"one\"}", 400);
        refused(
                "POST /tasks/{name}",
                "/tasks/triage",
                JSON,
                "{\"text\":\"one [[sim fault=misfit]]\",\"language\":\"en\"}",
                502);
    }

    /// A batch that has ended, with a result, an error, and an answer in OpenAI's form.
    private String submitted() {
        post("/batch", JSON, "{\"prompts\":[\"one\"],\"model\":\"gpt-4o\",\"priority\":\"high\"}");
        post("/batch", JSON, "{\"items\":[{\"custom_id\":\"a\",\"prompt\":\"one\"}]}");
        refused("POST /batch", "/batch", JSON, "{\"prompts\":[]}", 400);
        post("/batch", "application/x-ndjson", "{\"prompt\":\"one\"}\n");
        String lines =
                "{\"custom_id\":\"a\",\"prompt\":\"one\"}\n"
                        + "{\"prompt\":\"two [[sim fault=bad_request]]\"}\n"
                        + OpenAiApi.line("c", "three");
        String id = post("/batch", "application/jsonl", lines).json().path("job_id").asText();
        await("/batch/" + id, "completed");
        return id;
    }

    private void batch(String id) {
        check("GET /batch/{id}", get("/batch/" + id));
        check("GET /batch/{id}", get("/batch/none"));
        check("GET /batch/{id}", get("/batch/" + id + "?x=1"));
        check("GET /batch", get("/batch?limit=2&status=completed"));
        check("GET /batch", get("/batch?status=odd"));
        check("GET /batch/{id}/results", get("/batch/" + id + "/results"));
        check("GET /batch/{id}/results", get("/batch/" + id + "/results?order=input&limit=1"));
        check("GET /batch/{id}/results", get("/batch/" + id + "/results?order=odd"));
        check("GET /batch/{id}/events", get("/batch/" + id + "/events"));
        check("POST /batch/{id}/cancel", post("/batch/" + id + "/cancel"));
        check("POST /batch/{id}/retry", post("/batch/" + id + "/retry"));
        check("DELETE /batch/{id}", delete("/batch/" + id));
        check("DELETE /batch/{id}", delete("/batch/" + id));
    }

    private void stopped() {
        Answer twice = keyed("k-1", "{\"prompts\":[\"[[sim gate=api]]\"]}");
        check("POST /batch", twice);
        check("POST /batch", keyed("k-1", "{\"prompts\":[\"[[sim gate=api]]\"]}"));
        check("POST /batch", keyed("k-1", "{\"prompts\":[\"other\"]}"));
        String id = twice.json().path("job_id").asText();
        check("POST /batch/{id}/retry", post("/batch/" + id + "/retry"));
        check("DELETE /batch/{id}", delete("/batch/" + id));
        check("POST /batch/{id}/pause", post("/batch/" + id + "/pause"));
        check("GET /batch/{id}", get("/batch/" + id));
        check("POST /batch/{id}/resume", post("/batch/" + id + "/resume"));
        check("POST /batch/{id}/resume", post("/batch/" + id + "/resume?max_cost=x"));
        check("POST /batch/{id}/cancel", post("/batch/" + id + "/cancel"));
        check("POST /batch/{id}/pause", post("/batch/" + id + "/pause"));
        provider.open("api");
        await("/batch/" + id, "cancelled");
        check("GET /batch/{id}/results", get("/batch/" + id + "/results"));
    }

    private void pipelines() {
        check("GET /pipeline", get("/pipeline"));
        check("GET /pipeline", get("/pipeline?x=1"));
        String run = "POST /pipeline/{name}";
        Answer answer = post("/pipeline/digest", JSON, "{\"input\":\"one\",\"id\":\"a\"}", run);
        assertThat(answer.status()).isEqualTo(200);
        refused(run, "/pipeline/none", JSON, "{\"input\":\"one\"}", 404);
        refused(run, "/pipeline/digest", JSON, "{\"input\":\"[[sim fault=unauthorized]]\"}", 502);
        String lines = "{\"prompt\":\"one\"}\n{\"prompt\":\"[[sim fault=bad_request]]\"}\n";
        Answer batch = raw("/batch?pipeline=digest", "application/jsonl", lines);
        check("POST /batch", batch);
        String id = batch.json().path("job_id").asText();
        await("/batch/" + id, "completed");
        check("GET /batch/{id}/results", get("/batch/" + id + "/results"));
        check("GET /batch/{id}", get("/batch/" + id));
    }

    private void files() {
        OpenAiApi openAi = new OpenAiApi(caller);
        String upload = "POST /v1/files";
        check(
                upload,
                openAi.form(
                        OpenAiApi.field("purpose", "batch"),
                        OpenAiApi.field("expires_after[anchor]", "created_at"),
                        OpenAiApi.field("expires_after[seconds]", "3600"),
                        OpenAiApi.file("lines.jsonl", OpenAiApi.line("a", "one"))));
        check(upload, openAi.form(OpenAiApi.field("purpose", "odd")));
        String named = "{\"filename\":\"lines.jsonl\",\"purpose\":\"batch\",\"bytes\":10}";
        api.checkRequest(upload, JSON, named);
        refused(upload, "/v1/files", JSON, named, 400);
        check("GET /v1/files", get("/v1/files?limit=1&purpose=batch&order=asc"));
        check("GET /v1/files", get("/v1/files?purpose=odd"));
        String id = openAi.upload(OpenAiApi.line("a", "one"));
        check("GET /v1/files/{id}", get("/v1/files/" + id));
        check("GET /v1/files/{id}", get("/v1/files/none"));
        String content = "/v1/files/" + id + "/content";
        check("GET /v1/files/{id}/content", get(content));
        check("GET /v1/files/{id}/content", range(content, "bytes=0-3"));
        check("GET /v1/files/{id}/content", range(content, "bytes=900000-"));
        check("DELETE /v1/files/{id}", delete("/v1/files/" + id));
        check("DELETE /v1/files/{id}", delete("/v1/files/" + id));
    }

    private void openAiBatches() {
        OpenAiApi openAi = new OpenAiApi(caller);
        String create = "POST /v1/batches";
        String file = openAi.upload(OpenAiApi.line("a", "one") + OpenAiApi.line("b", "two"));
        String asked = OpenAiApi.batch(file).put("completion_window", "1h").toString();
        Answer made = post("/v1/batches", JSON, asked);
        refused(create, "/v1/batches", JSON, OpenAiApi.batch("none").toString(), 404);
        refused(create, "/v1/batches", JSON, "{}", 400);
        String id = made.json().path("id").asText();
        await("/v1/batches/" + id, "completed");
        check("GET /v1/batches/{id}", get("/v1/batches/" + id));
        check("GET /v1/batches/{id}", get("/v1/batches/none"));
        check("GET /v1/batches", get("/v1/batches?limit=1"));
        check("GET /v1/batches", get("/v1/batches?limit=0"));
        check("POST /v1/batches/{id}/cancel", post("/v1/batches/" + id + "/cancel"));

        String broken = openAi.upload("{}\n");
        String failed =
                post("/v1/batches", JSON, OpenAiApi.batch(broken).toString())
                        .json()
                        .path("id")
                        .asText();
        await("/v1/batches/" + failed, "failed");
        check("GET /v1/batches/{id}", get("/v1/batches/" + failed));

        String held = openAi.upload(OpenAiApi.line("a", "[[sim gate=held]]"));
        String cancelled =
                post("/v1/batches", JSON, OpenAiApi.batch(held).toString())
                        .json()
                        .path("id")
                        .asText();
        check("POST /v1/batches/{id}/cancel", post("/v1/batches/" + cancelled + "/cancel"));
        provider.open("held");
        await("/v1/batches/" + cancelled, "cancelled");
        check("GET /v1/batches/{id}", get("/v1/batches/" + cancelled));
    }

    /// Sends what the description allows and wants an answer without an error.
    private Answer post(String path, String type, String body) {
        return post(path, type, body, "POST " + path);
    }

    private Answer post(String path, String type, String body, String operation) {
        api.checkRequest(operation, type, body);
        Answer answer = raw(path, type, body);
        assertThat(answer.status()).as(answer.body()).isLessThan(300);
        check(operation, answer);
        return answer;
    }

    private void keys() {
        String asked =
                "{\"name\":\"team\",\"models\":[\"gpt-4o*\"],\"requests_per_minute\":600,"
                        + "\"tokens_per_minute\":100000,\"calls_at_once\":10,\"spend_per_day\":1.5,"
                        + "\"spend_per_month\":20,\"sees_others\":true,\"admin\":false,"
                        + "\"ends_at\":\"2099-01-01T00:00:00Z\"}";
        String id = post("/keys", JSON, asked).json().path("id").asText();
        refused("POST /keys", "/keys", JSON, "{}", 400);
        check("GET /keys", get("/keys"));
        check("GET /keys/{id}", get("/keys/" + id));
        check("GET /keys/{id}", get("/keys/none"));
        refused("POST /keys/{id}/rotate", "/keys/none/rotate", JSON, "{}", 404);
        check(
                "POST /keys/{id}/rotate",
                new OpenAiApi(caller)
                        .post("/keys/" + id + "/rotate", JSON, "{\"overlap_seconds\":1}"));
        String key = get("/keys/" + id).json().path("id").asText();
        check("GET /usage", get("/usage?key=" + key + "&from=2026-11-01&to=2026-11-30"));
        check("GET /usage", get("/usage?key=none"));
        check("GET /usage", get("/usage?from=yesterday"));
        check("DELETE /keys/{id}", delete("/keys/" + id));
        check("DELETE /keys/{id}", delete("/keys/none"));
    }

    private void refused(String operation, String path, String type, String body, int status) {
        Answer answer = raw(path, type, body);
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        check(operation, answer);
    }

    private void check(String operation, Answer answer) {
        api.check(operation, answer);
    }

    private void await(String path, String status) {
        String now = "";
        for (int i = 0; i < 5_000 && !now.equals(status); i++) {
            now = get(path).json().path("status").asText();
        }
        assertThat(now).isEqualTo(status);
    }

    private Answer get(String path) {
        return send(caller.request(path).build());
    }

    private Answer post(String path) {
        return send(
                caller.request(path).POST(HttpRequest.BodyPublishers.ofString(NO_BODY)).build());
    }

    private Answer delete(String path) {
        return send(caller.request(path).DELETE().build());
    }

    private Answer range(String path, String range) {
        return send(caller.request(path).header("range", range).build());
    }

    private Answer keyed(String key, String body) {
        return send(
                caller.request("/batch")
                        .header("content-type", JSON)
                        .header("idempotency-key", key)
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build());
    }

    private Answer raw(String path, String type, String body) {
        return new OpenAiApi(caller).post(path, type, body);
    }

    private HttpRequest chat(String body) {
        return caller.request("/v1/chat/completions")
                .header("content-type", JSON)
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    private Answer send(HttpRequest request) {
        return Caller.join(caller.send(request));
    }

    private static String prompt(String text) {
        return Caller.prompt(text).toString();
    }

    private static String chat(String content, boolean stream) {
        var body = Caller.JSON.createObjectNode().put("model", "gpt-4o-mini").put("stream", stream);
        body.putArray("messages").addObject().put("role", "user").put("content", content);
        return body.toString();
    }

    /// Method and path of each resource's methods, with the types of body that they take.
    private static Map<String, Set<String>> resources() {
        Map<String, Set<String>> found = new TreeMap<>();
        for (JavaClass known :
                new ClassFileImporter()
                        .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                        .importPackages("io.penstock")) {
            if (!known.isAnnotatedWith(Path.class)) {
                continue;
            }
            Class<?> resource = known.reflect();
            for (Method method : resource.getDeclaredMethods()) {
                for (Annotation annotation : method.getAnnotations()) {
                    HttpMethod verb = annotation.annotationType().getAnnotation(HttpMethod.class);
                    if (verb != null) {
                        Set<String> types =
                                found.computeIfAbsent(
                                        verb.value() + " " + path(resource, method),
                                        _ -> new TreeSet<>());
                        Consumes consumes = method.getAnnotation(Consumes.class);
                        types.addAll(consumes == null ? Set.of() : Set.of(consumes.value()));
                    }
                }
            }
        }
        return found;
    }

    private static String path(Class<?> resource, Method method) {
        String path = resource.getAnnotation(Path.class).value();
        Path below = method.getAnnotation(Path.class);
        String whole = below == null ? path : path + "/" + below.value();
        return whole.replaceAll("\\{(\\w+):[^}]*\\}", "{$1}").replaceAll("//+", "/");
    }
}
