package io.penstock.flow;

import io.penstock.testing.Settings;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Map;

/// What admission costs a call, in CPU, and a budget in writes to its store. Run by hand: `-Pbench
/// -Dpenstock.bench=io.penstock.flow.AdmissionCost`.
final class AdmissionCost {

    private static final int CALLS = 400_000;

    private AdmissionCost() {}

    public static void main(String[] args) throws InterruptedException {
        for (String rate : new String[] {"", "6000000"}) {
            Map<String, String> settings =
                    rate.isEmpty()
                            ? Map.of()
                            : Map.of("penstock.flow.budgets.model.requests-per-minute", rate);
            MemoryBudgets budgets = new MemoryBudgets(false);
            Admission admission = new Admission(Settings.of(FlowConfig.class, settings), budgets);
            run(admission, CALLS / 4);
            int writesBefore = budgets.writeCount();
            long cpuBefore = cpuNanos();
            run(admission, CALLS);
            System.out.printf(
                    "Admission %s: %.2f µs CPU a call, %.2f writes for 1,000 calls%n",
                    rate.isEmpty() ? "without a budget" : "with a budget of 100,000 a second",
                    (cpuNanos() - cpuBefore) / 1000.0 / CALLS,
                    1000.0 * (budgets.writeCount() - writesBefore) / CALLS);
        }
    }

    private static void run(Admission admission, int calls) throws InterruptedException {
        Thread[] threads = new Thread[20];
        for (int i = 0; i < threads.length; i++) {
            threads[i] =
                    Thread.ofVirtual()
                            .start(() -> {
                                for (int n = 0; n < calls / threads.length; n++) {
                                    one(admission);
                                }
                            });
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private static void one(Admission admission) {
        try {
            Want want = Want.of("model", Duration.ofMinutes(1));
            if (admission.await(want.sized(500, null)) instanceof Permit permit) {
                try (permit) {
                    permit.answered(120, 60);
                    permit.learned(Rates.UNKNOWN);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static long cpuNanos() {
        return ((com.sun.management.OperatingSystemMXBean)
                        ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }
}
