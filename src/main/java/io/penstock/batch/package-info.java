/// Runs many prompts: takes them in, splits them into chunks, runs each chunk once whatever dies,
/// and puts the results together.
///
/// It knows no door. Messages of the queue are hints to look at the stored state; every step is
/// safe to repeat, and only the holder of a chunk's latest claim can record results.
@NullMarked
package io.penstock.batch;

import org.jspecify.annotations.NullMarked;
