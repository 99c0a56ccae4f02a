package io.yuebing.cli;

/**
 * A failure that is nobody's mistake at the command line: the network, a server that answers nonsense.
 *
 * <p>The command prints the message and exits with code 1; the stack trace shows only with {@code --debug}.
 */
public final class OperationFailed extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public OperationFailed(String message) {
        super(message);
    }

    public OperationFailed(String message, Throwable cause) {
        super(message, cause);
    }
}
