package io.penstock.cli;

import io.penstock.lambda.PollLoop;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;

/// Starts the process as what it is meant to be: in AWS Lambda a function, anywhere else a server.
@QuarkusMain
public final class Main {

    private Main() {}

    public static void main(String... args) {
        PollLoop.park();
        Quarkus.run(args);
    }
}
