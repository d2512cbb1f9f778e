/// Starts the process.
///
/// Nothing uses this package.
@NullMarked
package io.penstock.cli;

import org.jspecify.annotations.NullMarked;
