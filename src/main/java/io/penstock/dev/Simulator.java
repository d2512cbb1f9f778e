package io.penstock.dev;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.dev.SimulatedProvider.Options;
import java.util.HashMap;

/// The simulated provider as a process of its own, which runs until it is told to stop.
///
/// Options are those of [Options], such as `--port=8089`, and the settings of [Behaviour], such as
/// `--max-in-flight=50`.
public final class Simulator {
    private static final String OPTIONS =
            "options are --port=8089, --log-limit=100000, --event-loops=1, --seed=1 and the"
                    + " settings of the behaviour, such as --latency=200ms.";

    private Simulator() {}

    public static void main(String[] args) {
        Options options;
        try {
            options = options(args);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            return;
        }
        System.err.println("Seed " + options.seed());
        try {
            var provider = SimulatedProvider.start(options);
            Runtime.getRuntime().addShutdownHook(new Thread(provider::close));
            System.out.println("Simulated provider on " + provider.baseUrl());
        } catch (IllegalStateException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    private static Options options(String[] args) {
        var own = new HashMap<String, Long>();
        ObjectNode settings = WireJson.MAPPER.createObjectNode();
        for (String arg : args) {
            int equals = arg.indexOf('=');
            if (!arg.startsWith("--") || equals < 0) {
                throw new IllegalArgumentException("Unknown option " + arg + ": " + OPTIONS);
            }
            String name = arg.substring(2, equals);
            String value = arg.substring(equals + 1);
            switch (name) {
                case "port", "log-limit", "event-loops", "seed" ->
                        own.put(name, whole(name, value));
                default -> {
                    String setting = name.replace('-', '_');
                    if (!Behaviour.names().contains(setting)) {
                        throw new IllegalArgumentException(
                                "Unknown option --" + name + ": " + OPTIONS);
                    }
                    settings.put(setting, value);
                }
            }
        }
        Options unset = Options.defaults();
        return new Options(
                Math.toIntExact(own.getOrDefault("port", 0L)),
                Behaviour.WELL_BEHAVED.with(settings),
                Math.toIntExact(own.getOrDefault("log-limit", (long) unset.logLimit())),
                Math.toIntExact(own.getOrDefault("event-loops", (long) unset.eventLoops())),
                own.getOrDefault("seed", unset.seed()));
    }

    private static long whole(String name, String value) {
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException _) {
            throw new IllegalArgumentException(
                    "Option --" + name + " needs a whole number, not '" + value + "'.");
        }
    }
}
