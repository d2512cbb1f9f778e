package io.penstock.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/// What a caller of `/complete` and a small job notice of a batch of 100,000 items that runs at the
/// budget's limit beside them.
final class Company {

    private static final int CALLS = 400;

    private Company() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        Map<String, String> settings = new HashMap<>();
        settings.put("PENSTOCK_FLOW_BUDGETS__MAIN__MODELS", "gpt-*");
        settings.put("PENSTOCK_FLOW_BUDGETS__MAIN__REQUESTS_PER_MINUTE", "6000");
        try (Server provider = Server.provider();
                Server penstock = Server.penstock(provider, settings)) {
            String marker = "[[sim latency=200ms latency_p99=400ms]]";
            Load load = new Load(penstock.port(), "/complete", Load::completeBody);
            load.run(2, CALLS, marker);
            double[] idle = quantiles(load.run(2, CALLS, marker));
            URI large = Batches.submit(penstock, 100_000, marker);
            Levels.pass(10_000);
            double[] beside = quantiles(load.run(2, CALLS, marker));
            long start = System.nanoTime();
            Batches.run(penstock, 20, marker);
            double small = (System.nanoTime() - start) / 1e9;
            JsonNode status = Batches.send(HttpRequest.newBuilder(large).build());
            Batches.print(
                    "/complete of 200 ms: idle p50 %.0f ms, p99 %.0f ms; beside a batch at its limit p50"
                            + " %.0f ms, p99 %.0f ms (%.2f times), %d refused; a job of 20 items in its"
                            + " middle %.2f s; the batch ran at %s items a second",
                    idle[0],
                    idle[1],
                    beside[0],
                    beside[1],
                    beside[1] / idle[1],
                    load.refusedCount(),
                    small,
                    status.path("rate_per_second"));
        }
    }

    private static double[] quantiles(long[] nanos) {
        long[] sorted = nanos.clone();
        Arrays.sort(sorted);
        return new double[] {
            sorted[sorted.length / 2] / 1e6, sorted[(int) (sorted.length * 0.99)] / 1e6
        };
    }
}
