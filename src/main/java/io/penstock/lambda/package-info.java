/// Is called by AWS: one handler for each kind of event, chosen by `QUARKUS_LAMBDA_HANDLER`.
///
/// A handler translates its event and leaves the work to [io.penstock.http] or [io.penstock.batch].
/// Where there is no Lambda, [PlainServer] opens a socket, and [Loops] receives the queue's
/// messages and sweeps.
@NullMarked
package io.penstock.lambda;

import org.jspecify.annotations.NullMarked;
