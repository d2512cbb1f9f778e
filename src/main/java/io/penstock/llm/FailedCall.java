package io.penstock.llm;

/// Carries a [Failure] through the application's own AI services and what is around them, as the
/// cause of an exception of LangChain4j's. Has no stack trace: it is an answer.
public final class FailedCall extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient Failure failure;

    FailedCall(Failure failure) {
        super(failure.message(), null, false, false);
        this.failure = failure;
    }

    public Failure failure() {
        return failure;
    }
}
