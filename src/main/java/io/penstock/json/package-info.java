/// Reads JSON that callers wrote: every field by name and type, every text as text, and refusals
/// that name the field to change.
///
/// [Fields] is the way in. Nothing here knows what the JSON is for.
@NullMarked
package io.penstock.json;

import org.jspecify.annotations.NullMarked;
