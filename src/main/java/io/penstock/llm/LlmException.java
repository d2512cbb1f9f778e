package io.penstock.llm;

/// Carries a [Failure] through the fault tolerance layers, which know exceptions only; it never
/// leaves the package.
///
/// Has no stack trace: it is an answer, made by the thousand in a provider's bad minute.
final class LlmException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient Failure failure;
    private final transient Call call;

    LlmException(Failure failure, Call call) {
        super(failure.message(), null, false, false);
        this.failure = failure;
        this.call = call;
    }

    Failure failure() {
        return failure;
    }

    Call call() {
        return call;
    }
}
