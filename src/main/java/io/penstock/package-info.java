/// Penstock: runs LLM prompts at the full speed a provider allows, never above it, and loses none.
///
/// Holds nothing itself: each package below is one capability, and calls go one way only.
///
/// [io.penstock.cli] starts the process, and is the command line. The doors are [io.penstock.http]
/// and, above it, [io.penstock.lambda]. They run one prompt through [io.penstock.llm], one input of
/// several prompts through [io.penstock.pipeline], and many of either through [io.penstock.batch];
/// [io.penstock.tasks] makes typed tasks of the application's own AI services. [io.penstock.access]
/// knows who may call. [io.penstock.flow] says when a call may start; [io.penstock.store]
/// remembers; [io.penstock.json] reads callers' JSON. `io.penstock.dev` simulates a provider in dev
/// mode and tests, and is used by none of them.
@NullMarked
package io.penstock;

import org.jspecify.annotations.NullMarked;
