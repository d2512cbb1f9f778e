package io.penstock.flow;

import java.time.Duration;

/// How things stand at a group of models.
///
/// @param concurrencyLimit calls in flight that the provider is thought to take from this process
/// @param notBefore for how long no call may start
/// @param broken whether the models are left alone for their failures
public record Standing(
        String group,
        int inFlight,
        int waiting,
        int concurrencyLimit,
        Duration notBefore,
        boolean broken,
        Rates rates) {}
