/// Exists only in dev and test: a simulated provider that speaks OpenAI's chat completions over
/// real HTTP and can be told to misbehave.
///
/// Nothing uses this package, and none of it is in the packaged application.
@NullMarked
package io.penstock.dev;

import org.jspecify.annotations.NullMarked;
