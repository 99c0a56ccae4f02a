package io.yuebing.grammar;

/** A constraint that cannot be compiled; the message is one sentence for whoever wrote it. */
public final class GrammarException extends RuntimeException {
    public GrammarException(String message) {
        super(message);
    }

    static GrammarException tooLarge(String what, long limit) {
        return new GrammarException("The constraint is too large: its automaton needs more than " + limit + " " + what
                + "; use fewer or smaller repetitions, alternatives and definitions");
    }
}
