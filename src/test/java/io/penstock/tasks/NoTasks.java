package io.penstock.tasks;

import io.penstock.flow.FlowConfig;
import io.penstock.testing.Settings;
import java.util.List;
import java.util.Map;

/// An application without tasks, for tests of other packages.
public final class NoTasks {

    private NoTasks() {}

    @SuppressWarnings("NullAway")
    public static Tasks get() {
        return new Tasks(
                new FoundTasks(List.of(), Map.of()),
                Settings.of(TaskConfig.class, Map.of()),
                Settings.of(FlowConfig.class, Map.of()),
                null,
                null,
                null);
    }
}
