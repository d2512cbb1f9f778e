package io.penstock.infra;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.cdklabs.cdknag.AwsSolutionsChecks;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import software.amazon.awscdk.App;
import software.amazon.awscdk.AppProps;
import software.amazon.awscdk.Aspects;
import software.amazon.awscdk.DefaultStackSynthesizer;
import software.amazon.awscdk.StackProps;
import software.amazon.awscdk.assertions.Annotations;
import software.amazon.awscdk.assertions.Match;
import software.amazon.awscdk.assertions.Template;

/// A synthesised stack and what cdk-nag says of it.
///
/// @param findings one line each
record Synthesis(ObjectNode template, List<String> findings) {

    static final ObjectMapper JSON = new ObjectMapper();

    /// The template that asks for its code in parameters, so that it depends on no file.
    static Synthesis of(Map<String, String> chosen) {
        return of(chosen, Optional.empty());
    }

    static Synthesis of(Map<String, String> chosen, Optional<String> zip) {
        App app =
                new App(
                        AppProps.builder()
                                .analyticsReporting(false)
                                .context(Map.of("aws:cdk:disable-path-metadata", true))
                                .build());
        PenstockStack stack =
                new PenstockStack(
                        app,
                        "Penstock",
                        StackProps.builder()
                                .stackName("penstock")
                                .description(PenstockApp.DESCRIPTION)
                                .synthesizer(
                                        DefaultStackSynthesizer.Builder.create()
                                                .generateBootstrapVersionRule(false)
                                                .build())
                                .build(),
                        Settings.of(chosen),
                        zip);
        Aspects.of(stack).add(new AwsSolutionsChecks());
        ObjectNode template = json(Template.fromStack(stack).toJSON());
        List<String> findings = new ArrayList<>();
        Annotations said = Annotations.fromStack(stack);
        said.findError("*", Match.anyValue())
                .forEach(found -> findings.add(found.getId() + " " + found.getEntry().getData()));
        said.findWarning("*", Match.anyValue())
                .forEach(found -> findings.add(found.getId() + " " + found.getEntry().getData()));
        return new Synthesis(template, findings);
    }

    private static ObjectNode json(Object value) {
        return JSON.valueToTree(value);
    }

    /// As it is written to a file.
    String text() {
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(template) + "\n";
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The resources of a type, by their names.
    Map<String, JsonNode> resources(String type) {
        Map<String, JsonNode> found = new java.util.TreeMap<>();
        template.path("Resources")
                .properties()
                .forEach(resource -> {
                    if (resource.getValue().path("Type").asText().equals(type)) {
                        found.put(resource.getKey(), resource.getValue());
                    }
                });
        return found;
    }

    /// The properties of the one resource of a type whose name begins so.
    JsonNode properties(String type, String name) {
        List<JsonNode> found =
                resources(type).entrySet().stream()
                        .filter(resource -> resource.getKey().startsWith(name))
                        .map(resource -> resource.getValue().path("Properties"))
                        .toList();
        if (found.size() != 1) {
            throw new AssertionError(found.size() + " resources " + type + " " + name);
        }
        return found.getFirst();
    }
}
