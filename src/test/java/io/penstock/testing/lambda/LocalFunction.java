package io.penstock.testing.lambda;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Semaphore;

/// A function: one handler of the package with its variables, in as many environments as are busy
/// at once, up to its limit. Thread-safe.
public final class LocalFunction implements HttpFront.Invocation, AutoCloseable {

    /// Environments whose logs are kept.
    private static final int LOGS_MAX = 200;

    private final String handler;
    private final Map<String, String> variables;
    private final Duration timeout;
    private final Semaphore concurrency;
    private final Deque<Environment> idle = new ArrayDeque<>();
    private final List<Environment> busy = new ArrayList<>();
    private final Deque<String> logs = new ArrayDeque<>();
    private String varied = "";
    private List<String> values = List.of();
    private boolean closed;
    private int started;

    /// @param variables of the function, without the handler's
    /// @param concurrency environments at most
    public LocalFunction(
            String handler, Map<String, String> variables, Duration timeout, int concurrency) {
        this.handler = handler;
        this.variables = new HashMap<>(variables);
        this.variables.put("QUARKUS_LAMBDA_HANDLER", handler);
        this.timeout = timeout;
        this.concurrency = new Semaphore(concurrency);
    }

    /// Gives the processes that start from now on one value of a variable after the other.
    public synchronized void vary(String name, List<String> itsValues) {
        varied = name;
        values = List.copyOf(itsValues);
    }

    /// Runs one invocation to its end.
    @Override
    public Outcome invoke(String event) throws InterruptedException {
        if (!concurrency.tryAcquire()) {
            return new Outcome.Throttled();
        }
        Environment environment = null;
        try {
            environment = take();
            return environment.invoke(event);
        } catch (AssertionError notStarted) {
            return new Outcome.Failed(notStarted.toString());
        } finally {
            if (environment != null) {
                giveBack(environment);
            }
            concurrency.release();
        }
    }

    private Environment take() {
        Environment environment;
        Map<String, String> its = new HashMap<>(variables);
        synchronized (this) {
            environment = idle.pollFirst();
            while (environment != null && environment.isGone()) {
                forget(environment);
                environment = idle.pollFirst();
            }
            if (environment != null) {
                busy.add(environment);
                return environment;
            }
            if (!values.isEmpty()) {
                its.put(varied, values.get(started % values.size()));
            }
            started++;
        }
        environment = new Environment(its, timeout);
        synchronized (this) {
            busy.add(environment);
            if (closed) {
                environment.kill();
            }
        }
        return environment;
    }

    private synchronized void giveBack(Environment environment) {
        busy.remove(environment);
        if (environment.isGone() || closed) {
            forget(environment);
        } else {
            // The one that was used last comes first, as in Lambda.
            idle.addFirst(environment);
        }
    }

    private void forget(Environment environment) {
        environment.close();
        logs.addLast(environment.log());
        if (logs.size() > LOGS_MAX) {
            logs.removeFirst();
        }
    }

    /// Ends one of the processes that are at work, as `kill -9` does.
    ///
    /// @return false when none is
    public synchronized boolean killOne(Random random) {
        if (busy.isEmpty()) {
            return false;
        }
        busy.get(random.nextInt(busy.size())).kill();
        return true;
    }

    /// Stops one of the processes that are at work, until its timeout ends it.
    ///
    /// @return false when none is
    public synchronized boolean hangOne(Random random) {
        if (busy.isEmpty()) {
            return false;
        }
        busy.get(random.nextInt(busy.size())).hang();
        return true;
    }

    public synchronized int busyCount() {
        return busy.size();
    }

    /// Processes started so far.
    public synchronized int startedCount() {
        return started;
    }

    public Duration timeout() {
        return timeout;
    }

    /// The process ids of the environments that are there.
    public synchronized List<Long> pids() {
        List<Long> pids = new ArrayList<>();
        idle.forEach(environment -> pids.add(environment.pid()));
        busy.forEach(environment -> pids.add(environment.pid()));
        return pids;
    }

    /// What its processes have printed.
    public synchronized String log() {
        List<String> all = new ArrayList<>(logs);
        idle.forEach(environment -> all.add(environment.log()));
        busy.forEach(environment -> all.add(environment.log()));
        return handler + ":\n" + String.join("\n", all);
    }

    @Override
    public synchronized void close() {
        closed = true;
        busy.forEach(Environment::kill);
        idle.forEach(this::forget);
        idle.clear();
    }
}
