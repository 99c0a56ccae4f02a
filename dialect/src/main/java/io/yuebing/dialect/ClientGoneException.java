package io.yuebing.dialect;

import org.jspecify.annotations.Nullable;

/** The client closed its connection; whatever was done for it stops, and there is nobody to answer. */
final class ClientGoneException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ClientGoneException(@Nullable Throwable cause) {
        super("the client closed the connection", cause);
    }
}
