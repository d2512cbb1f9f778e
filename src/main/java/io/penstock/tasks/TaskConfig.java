package io.penstock.tasks;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/// How tasks are run.
@ConfigMapping(prefix = "penstock.tasks")
public interface TaskConfig {

    /// How often a model is asked again whose answer does not fit, within the same run.
    @WithDefault("1")
    int reask();

    /// Stops the start with one sentence when a value makes no sense.
    default TaskConfig checked() {
        if (reask() < 0 || reask() > 10) {
            throw new ConfigurationException(
                    "penstock.tasks.reask is "
                            + reask()
                            + ": give how often a model is asked again, from 0 to 10.");
        }
        return this;
    }
}
