package io.penstock.cli;

import java.util.HashMap;
import java.util.Map;
import picocli.CommandLine.Option;

/// Settings of Penstock or Quarkus: an option of each command that starts one.
final class Settings {

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Any setting of docs/configuration.md, such as penstock.llm.timeout=2m.")
    Map<String, String> all = new HashMap<>();
}
