/// Remembers: jobs and their chunks, callers' files, payloads, and the queue of work, each behind
/// an interface with an embedded and an AWS implementation.
///
/// It knows nothing of what a job's items are or how they run. Every write that another process may
/// contend for is conditional on the version that the writer has read.
@NullMarked
package io.penstock.store;

import org.jspecify.annotations.NullMarked;
