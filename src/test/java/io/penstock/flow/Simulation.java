package io.penstock.flow;

import io.penstock.store.Budget;
import io.penstock.testing.Settings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/// Processes whose gates stand before one simulated provider, event by event, without a clock:
/// every job has more calls than can start. Times are microseconds.
final class Simulation {

    private static final long STORE = 5_000;
    private static final long LOOK = 50_000;
    private static final long ON_THE_WAY = 1_000;
    private static final int PERMITS = 100;
    private static final int WAITING = 40;

    private record Event(long at, long number, Runnable action) {}

    private final PriorityQueue<Event> events =
            new PriorityQueue<>((a, b) ->
                    a.at != b.at ? Long.compare(a.at, b.at) : Long.compare(a.number, b.number));
    private final Random random;
    private final Simulated provider;
    private final long latency;
    private final int unit;
    private final List<Process> processes = new ArrayList<>();
    private final Admission nobody;
    private Budget stored = Budget.fresh("model");
    private long number;
    private long now = 1_000_000;

    /// From when on it is counted.
    private long countedFrom;

    private long taken;
    private long refused;
    private long early;
    private final int[] starts = new int[400];
    private final int[] takenBySecond = new int[400];

    /// @param latency of an answer, half as much to three halves of it
    Simulation(
            Random random,
            Simulated provider,
            long latency,
            int unit,
            int count,
            Map<String, String> budget) {
        this.random = random;
        this.provider = provider;
        this.latency = latency;
        this.unit = unit;
        Map<String, String> settings = new HashMap<>();
        budget.forEach((key, value) -> settings.put("penstock.flow.budgets.model." + key, value));
        FlowConfig config = Settings.of(FlowConfig.class, settings);
        this.nobody = new Admission(config, new MemoryBudgets(false));
        for (int i = 0; i < count; i++) {
            processes.add(new Process(config, count > 1));
        }
    }

    private void at(long when, Runnable action) {
        events.add(new Event(Math.max(when, now), number++, action));
    }

    /// Runs until that time; what is counted is of the time after `settled`.
    void run(long settled, long until) {
        countedFrom = now + settled;
        long end = now + until;
        for (Process process : processes) {
            at(now, process::fill);
        }
        while (!events.isEmpty() && events.peek().at < end) {
            Event next = events.poll();
            now = next.at;
            next.action.run();
        }
        now = end;
    }

    long taken() {
        return taken;
    }

    /// Calls of the process that had the fewest, to those that each would have had.
    double leastShare() {
        long least = processes.stream().mapToLong(process -> process.taken).min().orElse(0);
        return least * processes.size() / (double) Math.max(1, taken);
    }

    double refusedOfThousand() {
        return 1000.0 * refused / Math.max(1, taken + refused);
    }

    /// Calls that were sent again before their own time.
    long early() {
        return early;
    }

    int startsIn(int second) {
        return starts[second];
    }

    int takenIn(int second) {
        return takenBySecond[second];
    }

    private final class Process {
        private final Gate gate;
        private final boolean isShared;
        private boolean ordering;
        private long taken;
        private boolean claiming;
        private boolean telling;
        private long timerAt = Gate.LATER;

        private Process(FlowConfig config, boolean isShared) {
            FlowConfig.BudgetConfig budget = config.budgets().get("model");
            this.gate = new Gate("model", config, budget);
            this.isShared = isShared;
            if (isShared) {
                gate.marks().share();
                at(now + random.nextLong(LOOK), this::look);
            }
        }

        private void look() {
            gate.marks().seen(stored, now);
            gate.marks().among(processes.size());
            pump();
            at(now + LOOK, this::look);
        }

        private void fill() {
            while (gate.waiting() < WAITING) {
                gate.add(new Waiter(want(new Trial()), Gate.LATER));
            }
            pump();
        }

        private Want want(Trial trial) {
            Duration long_ = Duration.ofDays(1);
            return Want.of("model", long_)
                    .sized(2L * unit, unit / 2)
                    .ofJob("job", 1, long_)
                    .in(trial);
        }

        private void pump() {
            while (true) {
                Waiter head = gate.head(true);
                if (head == null || gate.inFlight() >= PERMITS) {
                    break;
                }
                long ready = gate.readyAt(head, now);
                if (ready > now) {
                    if (ready != Gate.LATER && ready < timerAt) {
                        timerAt = ready;
                        long mine = ready;
                        at(
                                ready,
                                () -> {
                                    if (timerAt == mine) {
                                        timerAt = Gate.LATER;
                                        pump();
                                    }
                                });
                    }
                    break;
                }
                Permit permit = new Permit(nobody, gate, head.want(), gate.start(head, now));
                at(now + ON_THE_WAY / 2 + random.nextLong(ON_THE_WAY), () -> arrive(permit));
                while (gate.waiting() < WAITING) {
                    gate.add(new Waiter(want(new Trial()), Gate.LATER));
                }
            }
            store();
        }

        private void store() {
            if (gate.budget().wantsLease(now) && !ordering) {
                ordering = true;
                at(now + STORE, this::order);
            }
            if (gate.isProbeDue(now) && !claiming) {
                claiming = true;
                at(now + STORE + random.nextLong(2 * STORE), this::claim);
            }
        }

        private void order() {
            ordering = false;
            Budget before = stored;
            switch (gate.order(before, now)) {
                case Budgeted.Order.Take(Budget next) -> {
                    stored = next;
                    gate.budget().leased(before, next, now);
                }
                case Budgeted.Order.Later(long when) -> {
                    gate.marks().seen(before, now);
                    gate.budget().leaseLater(when + (isShared ? random.nextLong(60_000) : 0));
                    at(gate.budget().wantsLease(now) ? now : when + 60_000, this::pump);
                }
                case Budgeted.Order.Enough _ -> gate.marks().seen(before, now);
            }
            pump();
        }

        private void claim() {
            claiming = false;
            Budget claimed = gate.marks().claim(stored, now);
            if (claimed != null) {
                stored = claimed;
                gate.marks().claimed(claimed, now);
            } else {
                gate.marks().seen(stored, now);
            }
            pump();
        }

        private void tell() {
            if (isShared && !telling) {
                telling = true;
                at(
                        now + STORE,
                        () -> {
                            telling = false;
                            Budget next = gate.marks().untold(stored, now);
                            if (next != null) {
                                stored = next;
                            }
                            gate.marks().seen(stored, now);
                            pump();
                        });
            }
        }

        private void arrive(Permit permit) {
            boolean counted = now >= countedFrom;
            starts[(int) (now / 1_000_000)]++;
            Simulated.Verdict verdict = provider.arrive(now);
            if (verdict.taken()) {
                Simulation.this.taken += counted ? 1 : 0;
                taken += counted ? 1 : 0;
                takenBySecond[(int) (now / 1_000_000)]++;
                long time = latency / 2 + (long) (random.nextDouble() * latency);
                at(
                        now + time,
                        () -> {
                            provider.ended();
                            gate.learned(permit, verdict.rates());
                            gate.answered(permit, unit / 2, unit / 2, now);
                            end(permit);
                        });
            } else {
                refused += counted && !verdict.accident() ? 1 : 0;
                at(now + ON_THE_WAY, () -> refused(permit, verdict));
            }
        }

        private void refused(Permit permit, Simulated.Verdict verdict) {
            gate.learned(permit, verdict.rates());
            if (gate.refused(permit, verdict.retryAfter(), verdict.rates(), now)) {
                tell();
            }
            end(permit);
            @Nullable Duration told = verdict.retryAfter();
            long wait = told == null ? 200_000 + random.nextLong(800_000) : told.toNanos() / 1000;
            long own = now + wait;
            at(
                    own,
                    () -> {
                        early += now < own ? 1 : 0;
                        gate.add(new Waiter(permit.want(), Gate.LATER));
                        pump();
                    });
        }

        private void end(Permit permit) {
            gate.ended(permit, now);
            pump();
            if (gate.marks().isToTell()) {
                tell();
            }
        }
    }
}
