package io.penstock.llm;

import io.penstock.testing.Settings;
import java.util.Map;

/// The readers of prompts and of prices, for tests of other packages.
public final class Reading {

    private Reading() {}

    public static PromptReader prompts() {
        return new PromptReader(config(Map.of()));
    }

    /// @param settings such as `penstock.llm.prices.m.input`
    public static Prices prices(Map<String, String> settings) {
        return new Prices(config(settings));
    }

    public static LlmConfig config(Map<String, String> settings) {
        return Settings.of(LlmConfig.class, settings);
    }
}
