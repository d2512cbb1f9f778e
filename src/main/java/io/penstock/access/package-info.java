/// Knows who may call, and what each may use: the keys of callers, how they are recognized, and
/// what an operator does with them.
///
/// Nothing of it is about HTTP; [io.penstock.http] asks it with what a request shows. Keys are
/// stored as salted hashes, told once, and never written to a log.
@NullMarked
package io.penstock.access;

import org.jspecify.annotations.NullMarked;
