package io.penstock.flow;

/// How many tokens a call is likely to use, learned from the last answers. Guarded by the lock of
/// [Admission].
final class TokenEstimate {

    /// The last few dozen answers count.
    private static final double WEIGHT = 1 / 32.0;

    // English text has four bytes a token; the first answer says more.
    private double bytesPerToken = 4;
    private double answerTokens = 256;
    private long answers;

    double tokens(Want want) {
        Integer bound = want.maxTokens();
        return want.promptBytes() / bytesPerToken + (bound != null ? bound : answerTokens);
    }

    void answered(Want want, long promptTokens, long completionTokens) {
        answers++;
        double weight = Math.max(WEIGHT, 1.0 / answers);
        long bytes = want.promptBytes();
        if (promptTokens > 0 && bytes > 0) {
            bytesPerToken += weight * (bytes / (double) promptTokens - bytesPerToken);
        }
        answerTokens += weight * (completionTokens - answerTokens);
    }
}
