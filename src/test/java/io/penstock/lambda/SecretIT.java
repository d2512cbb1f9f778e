package io.penstock.lambda;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.Caller;
import io.penstock.testing.Function;
import io.penstock.testing.PackagedApplication;
import io.penstock.testing.RecordingServer;
import io.penstock.testing.Secrets;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The provider's key comes from Secrets Manager, and is nowhere else.
class SecretIT {

    private static final String KEY = "sk-secret-0123456789abcdef";

    @Test
    void isReadOnceAndSentToTheProvider() throws InterruptedException {
        // With the line's end that many an editor adds.
        try (Secrets secrets = new Secrets("penstock/key", KEY + "\n");
                RecordingServer provider = new RecordingServer()) {
            Map<String, String> environment = environment(secrets, "penstock/key");
            environment.put("OPENAI_BASE_URL", provider.baseUrl());
            environment.put("OPENAI_API_KEY", "sk-another");
            try (Function function = new Function(environment)) {
                for (int i = 0; i < 2; i++) {
                    assertThat(function.complete(Caller.prompt("prompt " + i)).status())
                            .isEqualTo(200);
                    assertThat(provider.take().headers().getFirst("authorization"))
                            .isEqualTo("Bearer " + KEY);
                }
                assertThat(secrets.asked())
                        .containsExactly("secretsmanager.GetSecretValue penstock/key");
                assertThat(function.log()).doesNotContain(KEY);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "penstock/missing | x | ResourceNotFoundException",
                "penstock/key | ' ' | holds no text",
            })
    void withoutItTheStartEndsWithASentence(String named, String text, String why) {
        try (Secrets secrets = new Secrets("penstock/key", text)) {
            check(environment(secrets, named), named, why);
        }
    }

    @Test
    void whenNobodyAnswersTheStartEndsSoon() {
        Map<String, String> environment;
        try (Secrets gone = new Secrets("penstock/key", KEY)) {
            environment = environment(gone, "penstock/key");
        }
        check(environment, "penstock/key", "AWS cannot be reached");
    }

    private static void check(Map<String, String> environment, String named, String why) {
        environment.put("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9");
        try (PackagedApplication application = PackagedApplication.process(environment)) {
            assertThat(application.awaitEnd()).isNotZero();
            System.out.println(application.log());
            assertThat(application.log().lines().filter(line -> line.contains(why)).toList())
                    .as("one sentence")
                    .hasSize(1)
                    .first()
                    .asString()
                    .contains("penstock.llm.api-key-secret", named);
        }
    }

    private static Map<String, String> environment(Secrets secrets, String named) {
        Map<String, String> environment = new HashMap<>(secrets.environment());
        environment.put("PENSTOCK_LLM_API_KEY_SECRET", named);
        return environment;
    }
}
