package io.yuebing.cli.cluster;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Somebody answers at an address, but not as the server that was expected there does. */
public final class ForeignServerException extends IOException {
    private static final long serialVersionUID = 1;

    ForeignServerException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
