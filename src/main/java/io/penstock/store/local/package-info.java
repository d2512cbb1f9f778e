/// The embedded engine: one SQLite file for documents and the queue, and a directory of payloads,
/// durable across `kill -9`.
///
/// One process owns a data directory at a time.
@NullMarked
package io.penstock.store.local;

import org.jspecify.annotations.NullMarked;
