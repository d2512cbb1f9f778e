package io.penstock.flow;

/// How a call stood among the others when it started.
///
/// @param micros when that was, in Unix microseconds
/// @param besides calls of its group that were in flight
/// @param tokens that it is likely to use
/// @param requestsTaken by this process up to it, it included
/// @param tokensTaken the same
record Start(long micros, int besides, double tokens, double requestsTaken, double tokensTaken) {}
