package io.penstock.cli;

/// Why a command does not do what it was asked for, in a sentence that names object and remedy. Has
/// no stack trace: it is an answer.
final class CannotBegin extends RuntimeException {

    private static final long serialVersionUID = 1L;

    CannotBegin(String sentence) {
        super(sentence, null, false, false);
    }
}
