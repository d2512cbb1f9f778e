package io.penstock.testing;

import io.quarkus.test.common.TestResourceScope;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import java.net.URI;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;

/// A test of the running application with its simulated provider. Subclasses are annotated
/// `@QuarkusTest`.
@WithTestResource(value = SimulatedProviderResource.class, scope = TestResourceScope.GLOBAL)
public abstract class PenstockTest {

    private static final Duration GAUGE_LIMIT = Duration.ofSeconds(20);

    @TestHTTPResource protected URI base;

    protected Caller caller;
    protected Provider provider;

    @BeforeEach
    void meet() {
        caller = new Caller(base);
        provider = Provider.configured().reset();
    }

    /// Waits until one of the application's gauges has a value.
    protected void awaitGauge(String name, int value) {
        long end = System.nanoTime() + GAUGE_LIMIT.toNanos();
        while (gauge(name) != value) {
            if (System.nanoTime() > end) {
                throw new AssertionError(name + " is " + gauge(name) + " and not " + value);
            }
        }
    }

    protected double gauge(String name) {
        String metrics = caller.send(caller.request("/q/metrics").build()).join().body();
        return metrics.lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                .findFirst()
                .orElseThrow(() -> new AssertionError("No gauge " + name));
    }
}
