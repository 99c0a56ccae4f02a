package io.yuebing.api;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A failure that the caller is told about: what happened, expected and found, what to do. */
public final class ServiceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;
    private final @Nullable String param;

    public ServiceException(ErrorCode code, String message) {
        this(code, message, null, null);
    }

    /** A failure that one request field caused, {@code param} being its name on the wire. */
    public ServiceException(ErrorCode code, String message, @Nullable String param) {
        this(code, message, param, null);
    }

    public ServiceException(ErrorCode code, String message, @Nullable String param, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
        this.param = param;
    }

    public ErrorCode code() {
        return code;
    }

    /** The request field at fault. */
    public Optional<String> param() {
        return Optional.ofNullable(param);
    }
}
