/// What tests share: the simulated provider as tests see it, and callers of each door. Everything
/// goes over the wire.
@NullMarked
package io.penstock.testing;

import org.jspecify.annotations.NullMarked;
