package io.penstock.cli;

import io.quarkus.runtime.Quarkus;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `penstock serve`: what the package is without arguments, with a few of its settings as options.
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        description = "Be a server until it is told to stop.")
final class ServeCommand implements Callable<Integer> {

    @Option(names = "--port", paramLabel = "N", description = "8080 unless given.")
    @Nullable Integer port;

    @Option(
            names = "--host",
            paramLabel = "ADDRESS",
            description = "127.0.0.1 unless given; 0.0.0.0 for all.")
    @Nullable String host;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Where batches are kept; penstock-data unless given.")
    @Nullable Path data;

    @Mixin Settings settings = new Settings();

    @Override
    public Integer call() {
        put("quarkus.http.port", port);
        put("quarkus.http.host", host);
        put("penstock.store.directory", data);
        settings.all.forEach(System::setProperty);
        Quarkus.run();
        return ExitCode.ALL;
    }

    private static void put(String key, @Nullable Object value) {
        if (value != null) {
            System.setProperty(key, value.toString());
        }
    }
}
