package io.penstock.pipeline;

import io.penstock.llm.Reading;
import io.penstock.tasks.NoTasks;
import io.penstock.testing.Settings;
import java.util.Map;

/// Pipelines as they are declared, for tests of other packages.
public final class Declared {

    private Declared() {}

    /// Pipelines that are never run.
    @SuppressWarnings("NullAway")
    public static Pipelines of(Map<String, String> settings) {
        return new Pipelines(
                Settings.of(PipelineConfig.class, settings),
                null,
                Reading.config(Map.of()),
                null,
                NoTasks.get());
    }
}
