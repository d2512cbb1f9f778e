package io.penstock.pipeline;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithParentName;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/// Which pipelines there are, by name. [Pipelines] checks them at start.
@ConfigMapping(prefix = "penstock.pipelines")
public interface PipelineConfig {

    @WithParentName
    Map<String, Declared> pipelines();

    /// One pipeline.
    interface Declared {

        /// In the order in which they run.
        List<StageConfig> stages();
    }

    /// One stage.
    interface StageConfig {

        String name();

        /// The prompt, with `{input}` and `{STAGE.result}` for values; `{{` and `}}` are braces.
        Optional<String> prompt();

        /// The task that is run instead of a prompt.
        Optional<String> task();

        /// The task's arguments by their names, with the same values in them as a prompt; what
        /// comes from the stage before unless given.
        Map<String, String> arguments();

        /// The system message, sent as it is.
        Optional<String> system();

        /// The model; the configured one unless given.
        Optional<String> model();

        OptionalDouble temperature();

        /// Tokens of the answer at most; an answer that is cut there fails its item.
        OptionalInt maxTokens();

        /// OpenAI's `response_format`, as JSON.
        Optional<String> responseFormat();

        /// The only answers that there may be, instead of a response format.
        Optional<List<String>> answers();

        /// Calls of this stage in flight at most, in this process; no bound of its own unless
        /// given.
        OptionalInt maxConcurrency();
    }
}
