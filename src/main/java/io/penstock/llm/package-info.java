/// Talks to a model: one prompt in, one outcome out, through a LangChain4j AI service that
/// MicroProfile Fault Tolerance guards.
///
/// It knows no door and no batch, and there is exactly one retry layer: each HTTP request that
/// reaches the provider is one recorded attempt.
///
/// The path of a prompt is a straight line: [Llm] (who may enter, until when) → [Attempts]
/// (`@Retry`, turns, permits) → [Completions] (the AI service: `@Timeout`, `@Bulkhead`) →
/// [ProviderModel] (LangChain4j's model, in OpenAI's JSON) → [Provider] (HTTP). Its answer is read
/// by [AnswerReader], from the bytes that [StrictResponseCodec] lets belong to it.
@NullMarked
package io.penstock.llm;

import org.jspecify.annotations.NullMarked;
