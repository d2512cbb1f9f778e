/// Penstock: runs LLM prompts at the full speed a provider allows, never above it, and loses none.
///
/// Holds nothing itself: each package below is one capability, and calls go one way only, from the
/// doors ([io.penstock.lambda], [io.penstock.http]) through [io.penstock.llm] to
/// [io.penstock.flow].
@NullMarked
package io.penstock;

import org.jspecify.annotations.NullMarked;
