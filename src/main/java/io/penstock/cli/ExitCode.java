package io.penstock.cli;

/// What a command says to the shell at its end.
final class ExitCode {

    /// Every prompt has its answer.
    static final int ALL = 0;

    /// Nothing was begun, or nothing could be shown.
    static final int COULD_NOT_BEGIN = 1;

    /// It has ended, and some prompts have no answer.
    static final int SOME_FAILED = 2;

    /// Something is to be done before it can go on: a budget, a key, credit, a disk.
    static final int PAUSED = 3;

    /// Added to the number of the signal by which a process was stopped, as shells do.
    static final int SIGNALLED = 128;

    private ExitCode() {}
}
