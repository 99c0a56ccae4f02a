package io.yuebing.cli;

import io.yuebing.api.UserError;
import java.io.PrintWriter;

/** Tells a person what went wrong, in as many words as they need. */
final class Failures {
    static final int FAILURE = 1;
    static final int USER_ERROR = 2;

    private Failures() {}

    /**
     * Prints a sentence, and the stack trace if asked for.
     *
     * @return the exit code
     */
    static int report(Exception failure, PrintWriter err, boolean debug, Terminal terminal) {
        boolean expected = failure instanceof UserError || failure instanceof OperationFailed;
        err.println(
                terminal.red("yuebing:") + " " + (expected ? failure.getMessage() : "unexpected failure: " + failure));
        if (debug) {
            failure.printStackTrace(err);
        } else if (!expected) {
            err.println("Run it again with --debug to see where it happened.");
        }
        err.flush();
        return failure instanceof UserError ? USER_ERROR : FAILURE;
    }
}
