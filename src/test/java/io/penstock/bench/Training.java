package io.penstock.bench;

import io.penstock.bench.Server.Build;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Makes the AOT cache of the jar: runs it with the work that it will have, and lets the JVM write
/// down which classes it loaded and where it spent its time (JEP 483, 514 and 515).
public final class Training {

    private static final int PROMPTS = 20_000;

    private Training() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        Path cache = Build.cache();
        Files.deleteIfExists(cache);
        try (Server provider = Server.provider(0)) {
            Server penstock =
                    Server.penstock(
                            Build.JAR,
                            provider,
                            Batches.settings(500),
                            "-XX:AOTCacheOutput=" + cache,
                            "-Xlog:aot=error,cds=error");
            try (penstock) {
                Batches.run(penstock, PROMPTS, "[[sim latency=50ms]]");
                new Load(penstock.port(), "/complete", Load::completeBody).run(50, PROMPTS, "");
                new Load(penstock.port(), "/v1/chat/completions", Load::chatBody)
                        .run(50, PROMPTS, "");
                new FirstToken(penstock.port()).run(2_000);
            }
        }
        if (Files.notExists(cache)) {
            throw new IOException("The JVM wrote no " + cache);
        }
        Batches.print("%s, %d MB: java -XX:AOTCache=%1$s -jar …", cache, Files.size(cache) >> 20);
    }
}
