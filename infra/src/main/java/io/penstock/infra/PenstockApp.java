package io.penstock.infra;

import io.github.cdklabs.cdknag.AwsSolutionsChecks;
import java.util.Map;
import java.util.Optional;
import software.amazon.awscdk.App;
import software.amazon.awscdk.Aspects;
import software.amazon.awscdk.StackProps;

/// What the CDK runs: the stack with the settings of its context, `-c name=value`.
public final class PenstockApp {

    static final String DESCRIPTION =
            "Penstock runs LLM prompts at the full speed that a provider allows, and loses none";

    private PenstockApp() {}

    public static void main(String[] arguments) {
        App app = new App();
        Settings settings = Settings.of((Map<?, ?>) app.getNode().getAllContext());
        new PenstockStack(
                app,
                "Penstock",
                StackProps.builder().stackName("penstock").description(DESCRIPTION).build(),
                settings,
                Optional.of(settings.text("code", "../target/function.zip")));
        Aspects.of(app).add(new AwsSolutionsChecks());
        app.synth();
    }
}
