package io.penstock.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `penstock list`.
@Command(
        name = "list",
        mixinStandardHelpOptions = true,
        description = "The jobs of a Penstock that runs, the newest first.")
final class ListCommand implements Callable<Integer> {

    @Mixin Remote remote = new Remote();

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "20",
            description = "1 to 100. Default: 20.")
    int limit;

    @Override
    public Integer call() {
        for (JsonNode job : remote.call("GET", "/batch?limit=" + limit).path("data")) {
            System.out.println(JobCommand.sentence(job));
        }
        return ExitCode.ALL;
    }
}
