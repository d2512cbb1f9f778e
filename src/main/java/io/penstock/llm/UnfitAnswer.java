package io.penstock.llm;

/// A whole answer that is none of those that were asked for, however often the model was asked.
/// Goes through AI services like [FailedCall]; its message holds nothing of the answer.
public final class UnfitAnswer extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String text;

    /// @param misfit what is wrong with it, as a sentence
    UnfitAnswer(String misfit, String text) {
        super("The model's answer does not fit: " + misfit, null, false, false);
        this.text = text;
    }

    /// The answer as the model gave it.
    public String text() {
        return text;
    }
}
