package io.penstock.access;

import io.penstock.flow.FlowConfig;
import io.penstock.store.BudgetStore;
import io.penstock.store.Owner;
import io.penstock.store.StoreLog;
import io.penstock.store.UsageSheets;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The keys at work in this process. Thread-safe.
@ApplicationScoped
public class KeyAccounts {

    /// There are as many as keys were made; the bound is for the unforeseen.
    private static final int MAX = 100_000;

    private final FlowConfig flow;
    private final BudgetStore budgets;
    private final UsageSheets sheets;
    private final StoreLog log;
    private final Map<String, KeyAccount> accounts = new ConcurrentHashMap<>();

    KeyAccounts(FlowConfig flow, BudgetStore budgets, UsageSheets sheets, StoreLog log) {
        this.flow = flow;
        this.budgets = budgets;
        this.sheets = sheets;
        this.log = log;
    }

    /// The account of a key, held to what the key says now.
    ///
    /// @return null where callers need no key
    public @Nullable KeyAccount of(@Nullable Owner owner) {
        if (owner == null) {
            return null;
        }
        if (accounts.size() >= MAX) {
            accounts.clear();
        }
        KeyAccount account = accounts.computeIfAbsent(owner.id(), _ -> open(owner));
        account.holdTo(owner);
        return account;
    }

    private KeyAccount open(Owner owner) {
        return new KeyAccount(
                new KeyLimits(owner.id(), flow, budgets), new KeySpend(owner.id(), sheets, log));
    }
}
