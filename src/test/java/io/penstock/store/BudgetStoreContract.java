package io.penstock.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// What [BudgetStore] promises, whatever keeps it.
public interface BudgetStoreContract {

    /// The store under test, the same throughout a test.
    BudgetStore budgets();

    @Test
    default void aBudgetThatNobodyHasStoredIsNotThere() {
        assertThat(budgets().budget("none-" + UUID.randomUUID())).isEmpty();
    }

    @Test
    default void whatIsStoredIsReadWithAllItsParts() {
        Budget stored =
                new Budget(
                        "whole-" + UUID.randomUUID(),
                        1,
                        1_790_000_000_123_456L,
                        1_790_000_000_654_321L,
                        new Budget.Mark(1_790_000_000_789_001L, 1_790_000_000_788_002L, true),
                        new Budget.Slowdown(1_790_000_000_777_003L, 12.5, Budget.Verdict.IN_VAIN));

        assertThat(budgets().replace(stored)).isTrue();

        assertThat(budgets().budget(stored.name())).contains(stored);
        assertThat(budgets().glance(stored.name())).contains(stored);
    }

    @Test
    default void holdingsAreKeptForEachShareAndOnlyTheNextVersionReplaces() {
        String name = "holdings-" + UUID.randomUUID();
        Holdings first =
                Holdings.none(name, 0)
                        .held(
                                List.of(
                                        new Holdings.Holding(
                                                "one",
                                                3,
                                                5,
                                                Instant.ofEpochMilli(1_790_000_001_000L))));
        assertThat(budgets().holdings(name, 0)).isEqualTo(Holdings.none(name, 0));
        assertThat(budgets().replace(first)).isTrue();
        assertThat(budgets().replace(first)).isFalse();

        assertThat(budgets().holdings(name, 0)).isEqualTo(first);
        assertThat(budgets().holdings(name, 1)).isEqualTo(Holdings.none(name, 1));
        assertThat(budgets().budget(name)).isEmpty();
        assertThat(budgets().replace(first.held(List.of()))).isTrue();
        assertThat(budgets().holdings(name, 0).all()).isEmpty();
    }

    @Test
    default void whoIsPresentIsCounted() {
        String name = "present-" + UUID.randomUUID();

        assertThat(budgets().present(name)).isEqualTo(1);
        assertThat(budgets().present(name)).isEqualTo(2);
        assertThat(budgets().present(name + "x")).isEqualTo(1);
        assertThat(budgets().budget(name)).isEmpty();
    }

    @Test
    default void noBudgetIsAPartOfAnother() {
        String name = "part-" + UUID.randomUUID();
        budgets().present(name);
        budgets().replace(Holdings.none(name, 0).held(List.of()));

        for (String part : List.of("#present", "#holdings-0")) {
            assertThat(budgets().budget(name + part)).isEmpty();
            assertThat(budgets().replace(Budget.fresh(name + part).taken(1, 1))).isTrue();
        }
        assertThat(budgets().present(name)).isEqualTo(2);
    }

    @Test
    default void onlyTheNextVersionReplaces() {
        Budget first = Budget.fresh("version-" + UUID.randomUUID()).taken(1, 1);
        assertThat(budgets().replace(first.taken(2, 2))).isFalse();
        assertThat(budgets().replace(first)).isTrue();

        assertThat(budgets().replace(first)).isFalse();
        assertThat(budgets().replace(first.taken(2, 2).taken(3, 3))).isFalse();
        assertThat(budgets().replace(first.taken(2, 2))).isTrue();

        assertThat(budgets().budget(first.name()).get().requestsUntil()).isEqualTo(2);
    }

    @Test
    default void ofManyWhoReplaceTheSameVersionOneWins() throws Exception {
        Budget first = Budget.fresh("race-" + UUID.randomUUID()).taken(1, 1);
        budgets().replace(first);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<Boolean>> writers =
                    IntStream.range(0, 16)
                            .<Callable<Boolean>>mapToObj(
                                    i -> () -> budgets().replace(first.taken(10 + i, 0)))
                            .toList();
            int won = 0;
            for (Future<Boolean> written : threads.invokeAll(writers)) {
                won += written.get() ? 1 : 0;
            }
            assertThat(won).isEqualTo(1);
        }
        assertThat(budgets().budget(first.name()).get().version()).isEqualTo(2);
    }

    @Test
    default void itsTimeIsAboutTheRealOne() {
        budgets().budget("time");

        assertThat(Duration.between(Clock.systemUTC().instant(), budgets().clock().instant()).abs())
                .isLessThan(Duration.ofSeconds(2));
    }
}
