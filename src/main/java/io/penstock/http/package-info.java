/// Answers HTTP and WebSocket: reads requests, runs them through [io.penstock.llm],
/// [io.penstock.pipeline] or [io.penstock.batch], and writes answers and errors in one shape.
///
/// It decides statuses and texts, never whether a call is tried again. JSON is read by hand
/// ([io.penstock.json.Fields]) because a misspelt or mistyped field must be refused by its name, at
/// every door in the same words.
@NullMarked
package io.penstock.http;

import org.jspecify.annotations.NullMarked;
