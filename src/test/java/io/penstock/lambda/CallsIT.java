package io.penstock.lambda;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.dev.SimulatedProvider;
import io.penstock.testing.Caller;
import io.penstock.testing.Door;
import io.penstock.testing.Emulators;
import io.penstock.testing.FaultyProxy;
import io.penstock.testing.Function;
import io.penstock.testing.Permissions;
import io.penstock.testing.Secrets;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.sqs.model.Message;

/// What the functions ask AWS for when they run, seen on the wire, against what their roles allow:
/// nothing that is not allowed, and nothing allowed that is never asked for.
class CallsIT {

    private static final String SECRET = "penstock/key";
    private static final String BUCKET = "calls";
    private static final String INPUTS = "calls-inputs";

    /// More than one part of an upload, so that one that fails is broken off.
    private static final int LARGE = 9_000_000;

    private static final Pattern TARGET = Pattern.compile("(?i)\nx-amz-target:[ \t]*(\\S+)");

    @Test
    void eachAsksForWhatItMay() throws Exception {
        try (SimulatedProvider provider =
                        SimulatedProvider.start(SimulatedProvider.Options.defaults());
                Secrets secrets = new Secrets(SECRET, "sk-calls");
                Emulators emulators = Emulators.start()) {
            Emulators.Queues queues = emulators.queues("calls", Duration.ofSeconds(30), 10);
            Map<String, String> environment =
                    new HashMap<>(
                            emulators.environment(
                                    emulators.table("calls"), emulators.bucket(BUCKET), queues));
            environment.putAll(secrets.environment());
            environment.put("OPENAI_BASE_URL", provider.baseUrl());
            environment.put("PENSTOCK_LLM_API_KEY_SECRET", SECRET);
            environment.put("PENSTOCK_STORE_INPUT_BUCKETS", emulators.bucket(INPUTS));
            environment.put("PENSTOCK_HTTP_MAX_BODY", "16M");
            try (Recorded http = new Recorded("http", environment, secrets);
                    Recorded work = new Recorded("work", environment, secrets)) {
                callers(http, work, emulators, queues);
                http.check();
                work.check();
            }
        }
    }

    /// All that callers may want, and what comes of it.
    private static void callers(
            Recorded http, Recorded work, Emulators emulators, Emulators.Queues queues) {
        assertThat(http.post("/complete", Caller.prompt("calls").toString())).isEqualTo(200);

        ObjectNode batch = Caller.JSON.createObjectNode();
        batch.putArray("prompts").add("calls 1").add("calls 2 [[sim fault=bad_request]]");
        String first = http.submit(batch);
        assertThat(http.get("")).isEqualTo(200);
        work.all(emulators, queues);
        assertThat(http.status(first)).isEqualTo("completed");
        assertThat(http.get("/" + first + "/results?limit=10")).isEqualTo(200);
        // A function's answer is not streamed.
        assertThat(http.get("/" + first + "/events")).isEqualTo(400);
        assertThat(http.post("/batch/" + first + "/retry", "")).isEqualTo(202);
        work.all(emulators, queues);
        assertThat(http.delete(first)).isEqualTo(204);

        // A line that is no item, after more than one part of the upload.
        String lines = Caller.prompt("x".repeat(100_000)) + "\n";
        String broken = lines.repeat(LARGE / lines.length() + 1) + "{}\n";
        assertThat(http.call("POST", "/batch", "application/jsonl", broken)).isEqualTo(400);

        emulators
                .s3()
                .putObject(p -> p.bucket(INPUTS).key("broken"), RequestBody.fromString(broken));
        emulators
                .s3()
                .putObject(
                        p -> p.bucket(INPUTS).key("lines"),
                        RequestBody.fromString(Caller.prompt("from a file") + "\n"));
        emulators.s3().putObject(p -> p.bucket(INPUTS).key("gone"), RequestBody.fromString(""));
        String failed = http.submit(input("broken"));
        String read = http.submit(input("lines"));
        String gone = http.submit(input("gone"));
        emulators.s3().deleteObject(d -> d.bucket(INPUTS).key("gone"));
        work.all(emulators, queues);
        assertThat(http.status(failed)).isEqualTo("failed");
        assertThat(http.status(read)).isEqualTo("completed");
        assertThat(http.status(gone)).isEqualTo("failed");
    }

    private static ObjectNode input(String key) {
        return Caller.JSON.createObjectNode().put("input", "s3://" + INPUTS + "/" + key);
    }

    /// A function, and what it asks AWS for.
    private static final class Recorded implements AutoCloseable {

        private final String handler;
        private final Set<String> asked = new ConcurrentSkipListSet<>();
        private final List<FaultyProxy> proxies = new ArrayList<>();
        private final Function function;

        Recorded(String handler, Map<String, String> common, Secrets secrets) {
            this.handler = handler;
            Map<String, String> environment = new HashMap<>(common);
            environment.put("QUARKUS_LAMBDA_HANDLER", handler);
            for (String service : List.of("DYNAMODB", "S3", "SQS")) {
                String variable = "QUARKUS_" + service + "_ENDPOINT_OVERRIDE";
                FaultyProxy proxy = new FaultyProxy(URI.create(common.get(variable)), 0, 0);
                proxy.watch((head, body) -> asked.add(asked(service, head, body)));
                proxies.add(proxy);
                environment.put(variable, proxy.endpoint().toString());
            }
            int before = secrets.asked().size();
            function = new Function(environment);
            if (secrets.asked().size() > before) {
                asked.add("secret secretsmanager:GetSecretValue");
            }
        }

        int call(String method, String target, String type, String body) {
            return function.call(method, target, type, body).status();
        }

        int post(String target, String body) {
            return call("POST", target, "application/json", body);
        }

        int get(String below) {
            return call("GET", "/batch" + below, "application/json", "");
        }

        int delete(String id) {
            return call("DELETE", "/batch/" + id, "application/json", "");
        }

        String submit(ObjectNode batch) {
            Door.Raw answer = function.call("POST", "/batch", "application/json", batch.toString());
            assertThat(answer.status()).as(answer.body()).isEqualTo(202);
            return Caller.parse(answer.body()).path("job_id").asText();
        }

        String status(String id) {
            return Caller.parse(function.call("GET", "/batch/" + id, "application/json", "").body())
                    .path("status")
                    .asText();
        }

        /// Gives the function what is queued, as its event source mapping does.
        void all(Emulators emulators, Emulators.Queues queues) {
            while (true) {
                List<Message> messages =
                        emulators
                                .sqs()
                                .receiveMessage(r ->
                                        r.queueUrl(queues.url())
                                                .maxNumberOfMessages(1)
                                                .waitTimeSeconds(1))
                                .messages();
                if (messages.isEmpty()) {
                    return;
                }
                Message message = messages.getFirst();
                ObjectNode event = Caller.JSON.createObjectNode();
                event.putArray("Records")
                        .addObject()
                        .put("messageId", message.messageId())
                        .put("receiptHandle", message.receiptHandle())
                        .put("body", message.body())
                        .put("eventSource", "aws:sqs");
                JsonNode failures =
                        Caller.parse(function.answer(event.toString())).path("batchItemFailures");
                assertThat(failures).isEmpty();
                emulators
                        .sqs()
                        .deleteMessage(d ->
                                d.queueUrl(queues.url()).receiptHandle(message.receiptHandle()));
            }
        }

        void check() {
            System.out.println(handler + " asked for " + asked);
            assertThat(asked).as(handler).isEqualTo(Permissions.of(handler));
        }

        @Override
        public void close() {
            function.close();
            proxies.forEach(FaultyProxy::close);
        }
    }

    /// Resource and action of a request, in the words of `permissions.csv`: Service Authorization
    /// Reference, and for S3 "Required permissions for Amazon S3 API operations".
    private static String asked(String service, String head, String body) {
        if (service.equals("S3")) {
            return s3(head.substring(0, head.indexOf(' ', head.indexOf(' ') + 1)));
        }
        Matcher target = TARGET.matcher(head);
        if (!target.find()) {
            return "? " + head;
        }
        String operation = target.group(1).substring(target.group(1).indexOf('.') + 1);
        JsonNode request = Caller.parse(body);
        if (service.equals("SQS")) {
            boolean dead = request.path("QueueUrl").asText().endsWith("-dead");
            return (dead ? "dead-letters" : "queue") + " sqs:" + operation.replace("Batch", "");
        }
        String index = request.path("IndexName").asText();
        return (index.isEmpty() ? "table" : "index/" + index) + " dynamodb:" + operation;
    }

    /// @param request method and path, such as `PUT /bucket/jobs/1/input.jsonl`
    private static String s3(String request) {
        String method = request.substring(0, request.indexOf(' '));
        String path = request.substring(method.length() + 1);
        if (path.startsWith("/" + INPUTS + "/")) {
            return (method.equals("GET") || method.equals("HEAD") ? "inputs s3:GetObject" : path);
        }
        if (!path.startsWith("/" + BUCKET)) {
            return "? " + request;
        }
        boolean ofJobs = path.startsWith("/" + BUCKET + "/jobs/");
        return switch (method) {
            case "GET", "HEAD" -> {
                if (ofJobs) {
                    yield "payloads s3:GetObject";
                }
                yield path.contains("prefix=jobs%2F") ? "bucket s3:ListBucket" : "? " + request;
            }
            case "PUT" -> ofJobs ? "payloads s3:PutObject" : "? " + request;
            case "POST" -> {
                if (ofJobs) {
                    yield "payloads s3:PutObject";
                }
                yield path.contains("?delete") ? "payloads s3:DeleteObject" : "? " + request;
            }
            case "DELETE" ->
                    ofJobs && path.contains("uploadId=")
                            ? "payloads s3:AbortMultipartUpload"
                            : "? " + request;
            default -> "? " + request;
        };
    }
}
