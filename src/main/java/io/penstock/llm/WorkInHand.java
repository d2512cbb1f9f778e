package io.penstock.llm;

import io.penstock.access.KeyAccount;
import io.quarkus.arc.Arc;
import jakarta.enterprise.context.RequestScoped;
import org.jspecify.annotations.Nullable;

/// The [Work] that is done in a request context. Used by one run at a time.
@RequestScoped
public class WorkInHand {

    private volatile @Nullable Work work;

    /// Takes up what this context is for, on the account of the thread that does.
    public void take(Work its) {
        its.on(KeyAccount.current());
        work = its;
    }

    @Nullable Work work() {
        return work;
    }

    /// The work of the context that this thread is in; null where there is none.
    public static @Nullable Work current() {
        return Arc.container().requestContext().isActive()
                ? Arc.container().instance(WorkInHand.class).get().work()
                : null;
    }
}
