package io.penstock.cli;

import io.penstock.access.KeysCommand;
import io.penstock.lambda.PollLoop;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;

/// Starts the process as what it is meant to be: in AWS Lambda a function, anywhere else a server,
/// or the command that its first argument names.
@QuarkusMain
public final class Main {

    private Main() {}

    public static void main(String... args) {
        PollLoop.park();
        if (args.length == 0) {
            Quarkus.run();
        } else if (args[0].equals("keys")) {
            commandAlone();
            Quarkus.run(KeysCommand.class, args);
        } else {
            System.exit(PenstockCommand.line().execute(args));
        }
    }

    /// A command serves nobody, works on no batch, and keeps its output for what it was asked.
    private static void commandAlone() {
        System.setProperty("quarkus.http.host-enabled", "false");
        System.setProperty("penstock.batch.workers", "0");
        System.setProperty("quarkus.log.level", "WARN");
        System.setProperty("quarkus.log.console.stderr", "true");
    }
}
