package io.penstock.access;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.flow.FlowConfig;
import io.penstock.flow.MemoryBudgets;
import io.penstock.flow.Permit;
import io.penstock.flow.Want;
import io.penstock.store.Grant;
import io.penstock.testing.Settings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// The limits of one key that several processes share.
class KeyLimitsTest {

    private static final Duration MINUTE = Duration.ofMinutes(1);

    private final FlowConfig config = Settings.of(FlowConfig.class, Map.of());
    private final MemoryBudgets store = new MemoryBudgets(true);
    private final List<KeyLimits> processes =
            IntStream.range(0, 4).mapToObj(_ -> new KeyLimits("k1", config, store)).toList();

    private static Grant grant(@Nullable Long requests, @Nullable Long atOnce) {
        return new Grant(List.of(), requests, null, atOnce, null, null);
    }

    @Test
    void neverMoreAtOnceThanTheKeyAllowsInAllProcessesTogether() throws Exception {
        processes.forEach(one -> one.holdTo(grant(null, 10L)));
        AtomicInteger now = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        List<Future<Boolean>> calls = new ArrayList<>();

        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 400; i++) {
                KeyLimits process = processes.get(i % processes.size());
                calls.add(
                        callers.submit(() -> {
                            Entry entry = process.enter(Want.of("gpt-4o", MINUTE));
                            most.accumulateAndGet(now.incrementAndGet(), Math::max);
                            Thread.yield();
                            now.decrementAndGet();
                            if (entry instanceof Entry.Open(Permit permit) && permit != null) {
                                permit.close();
                                return true;
                            }
                            return false;
                        }));
            }
        }

        assertThat(calls).allSatisfy(call -> assertThat(call.resultNow()).isTrue());
        assertThat(most.get()).isBetween(1, 10);
    }

    @Test
    void whatTheKeySaysAnewHoldsFromTheNextCallOn() throws InterruptedException {
        KeyLimits one = processes.getFirst();
        one.holdTo(grant(1L, null));
        Want impatient = Want.of("gpt-4o", Duration.ofMillis(500));
        assertThat(one.enter(impatient)).isInstanceOf(Entry.Open.class);
        assertThat(one.enter(impatient)).isInstanceOf(Entry.Later.class);

        one.holdTo(grant(null, null));

        assertThat(one.enter(impatient)).isEqualTo(new Entry.Open(null));
    }

    @Test
    void aKeyTakesNothingFromAnother() throws InterruptedException {
        KeyLimits one = processes.getFirst();
        KeyLimits other = new KeyLimits("k2", config, store);
        one.holdTo(grant(1L, null));
        other.holdTo(grant(1L, null));
        Want impatient = Want.of("gpt-4o", Duration.ofMillis(500));

        assertThat(one.enter(impatient)).isInstanceOf(Entry.Open.class);
        assertThat(other.enter(impatient)).isInstanceOf(Entry.Open.class);
        assertThat(other.enter(impatient)).isInstanceOf(Entry.Later.class);
    }
}
