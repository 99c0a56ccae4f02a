package io.yuebing.api;

import org.jspecify.annotations.Nullable;

/**
 * A mistake that the person at the command line can repair: a bad flag, a corrupt model file, a port in use.
 *
 * <p>The command prints the message, one sentence that names the thing, expected and found, and exits with code 2; the
 * stack trace shows only with {@code --debug}. Whatever files and peers put into it, it stays one line.
 */
public final class UserError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public UserError(String message) {
        super(Shown.line(message));
    }

    public UserError(String message, @Nullable Throwable cause) {
        super(Shown.line(message), cause);
    }
}
