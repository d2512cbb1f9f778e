package io.penstock.tasks;

import io.penstock.llm.Work;
import io.penstock.llm.WorkInHand;
import jakarta.annotation.Priority;
import jakarta.interceptor.AroundInvoke;
import jakarta.interceptor.Interceptor;
import jakarta.interceptor.InvocationContext;
import org.jspecify.annotations.Nullable;

/// Tells a task's own answer from that of its `@Fallback`. It stands behind fault tolerance, whose
/// interceptor has the priority 4010 (MicroProfile Fault Tolerance, "Fault Tolerance Interceptor
/// Priority"), and so sees each of its attempts and not what comes in their place.
@BatchTask("")
@Interceptor
@Priority(Interceptor.Priority.PLATFORM_AFTER + 500)
class AnsweredByModel {

    @AroundInvoke
    @Nullable Object attempt(InvocationContext method) throws Exception {
        Work work = WorkInHand.current();
        if (work == null) {
            return method.proceed();
        }
        work.answered(false);
        Object answer = method.proceed();
        work.answered(true);
        return answer;
    }
}
