/// Is called by AWS: one handler for each kind of event, chosen by `QUARKUS_LAMBDA_HANDLER`.
///
/// A handler translates its event and leaves the work to the door behind it.
@NullMarked
package io.penstock.lambda;

import org.jspecify.annotations.NullMarked;
