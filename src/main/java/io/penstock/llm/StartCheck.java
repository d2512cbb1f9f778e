package io.penstock.llm;

import io.penstock.flow.FlowConfig;
import io.quarkus.runtime.Startup;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.config.Config;

/// Stops the start when a part that is found by nothing but its name has got lost in packaging.
@ApplicationScoped
@Startup
class StartCheck {

    StartCheck(Config config, LlmConfig llm, FlowConfig flow) {
        // With values that make no sense there are no settings; then theirs is the better sentence.
        llm.checked();
        flow.checked();
        FaultToleranceSettings.require(config);
    }
}
