/// Remembers: jobs and their chunks, callers' files and keys, budgets and the prompts of sockets,
/// all as [documents][io.penstock.store.Documents]; payloads; and the queue of work. Each of the
/// three is an interface with an embedded and an AWS implementation.
///
/// It knows nothing of what a job's items are or how they run. Every write that another process may
/// contend for is [one][io.penstock.store.Documents#write], conditional on the version that the
/// writer has read.
@NullMarked
package io.penstock.store;

import org.jspecify.annotations.NullMarked;
