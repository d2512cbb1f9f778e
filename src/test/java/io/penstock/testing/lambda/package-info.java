/// AWS Lambda and what calls it, on this machine: environments that are processes of the package,
/// the event source mapping of SQS, an HTTP API, a WebSocket API, a schedule. Loopback only.
///
/// What AWS does that the package could notice is done too: one event at a time for an environment,
/// frozen between events, ended at its timeout, sizes bounded.
@NullMarked
package io.penstock.testing.lambda;

import org.jspecify.annotations.NullMarked;
