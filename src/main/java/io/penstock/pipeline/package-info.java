/// Runs the stages of one input, one after the other: each a prompt with the input and what earlier
/// stages have answered, each a call like any other.
///
/// It knows no door and no batch, and it remembers nothing: what earlier runs have finished is
/// handed in, and what this one finishes is handed out as it comes. Nothing but a whole and fitting
/// answer ever gets into the next stage's prompt.
@NullMarked
package io.penstock.pipeline;

import org.jspecify.annotations.NullMarked;
