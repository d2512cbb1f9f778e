/// Runs batches while everything that can die dies, and checks from outside that nothing was lost,
/// doubled or mixed up.
@NullMarked
package io.penstock.chaos;

import org.jspecify.annotations.NullMarked;
