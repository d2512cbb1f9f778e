/// Talks to a model: one prompt in, one outcome out, guarded by MicroProfile Fault Tolerance.
///
/// It knows no door and no batch, and there is exactly one retry layer: each HTTP request that
/// reaches the provider is one recorded attempt.
///
/// The path of a prompt is a straight line: [Llm] (who may enter, until when) → [Attempts]
/// (`@Retry`, turns, permits) → [ChatCompletions] (one request for one [Attempt]: `@Timeout`,
/// `@Bulkhead`, OpenAI's JSON) → [Provider] (HTTP). Its answer is read by [AnswerReader], from the
/// bytes that [StrictResponseCodec] lets belong to it, and comes back the same way.
@NullMarked
package io.penstock.llm;

import org.jspecify.annotations.NullMarked;
