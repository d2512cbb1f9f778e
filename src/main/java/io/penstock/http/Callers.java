package io.penstock.http;

import io.penstock.access.KeyAccount;
import io.penstock.access.KeyAccounts;
import io.penstock.access.KeyIdentities;
import io.penstock.store.CallerKey;
import io.penstock.store.Job;
import io.penstock.store.Owner;
import io.penstock.store.StoredFile;
import io.quarkus.security.identity.SecurityIdentity;
import jakarta.enterprise.context.ApplicationScoped;
import org.jspecify.annotations.Nullable;

/// Says of the request at hand whose it is, and what its caller may see. Thread-safe; to be asked
/// in the request's own thread.
@ApplicationScoped
class Callers {

    private final SecurityIdentity identity;
    private final KeyAccounts accounts;

    Callers(SecurityIdentity identity, KeyAccounts accounts) {
        this.accounts = accounts;
        this.identity = identity;
    }

    /// Whose becomes what is made now; null where callers need no key.
    @Nullable Owner owner() {
        CallerKey key = key();
        return key == null ? null : key.owner();
    }

    /// On which the calls of this request are; null where callers need no key. To be asked before
    /// the work goes to another thread.
    @Nullable KeyAccount account() {
        return accounts.of(owner());
    }

    @Nullable String ownerId() {
        Owner owner = owner();
        return owner == null ? null : owner.id();
    }

    boolean sees(Job job) {
        Owner owner = job.owner();
        return sees(owner == null ? null : owner.id());
    }

    boolean sees(StoredFile file) {
        return sees(file.owner());
    }

    /// @param ownerId null for what is nobody's in particular
    private boolean sees(@Nullable String ownerId) {
        CallerKey key = key();
        if (key == null) {
            return ownerId == null || identity.hasRole(KeyIdentities.ADMIN);
        }
        return key.seesOthers() || key.owner().id().equals(ownerId);
    }

    private @Nullable CallerKey key() {
        return identity.getAttribute(KeyIdentities.KEY);
    }
}
