/// Says when a call to the provider may start: budgets, permits, turns of one kind of call, the
/// provider's not-before marks, and the bound on how many calls may wait.
///
/// It never calls the provider and never decides whether a failed call is tried again.
@NullMarked
package io.penstock.flow;

import org.jspecify.annotations.NullMarked;
