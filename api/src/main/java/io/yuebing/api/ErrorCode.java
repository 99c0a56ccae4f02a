package io.yuebing.api;

/** The kinds of failure a caller can meet, each with its HTTP status and its type in the OpenAI error body. */
public enum ErrorCode {
    INVALID_REQUEST(400, "BadRequestError"),
    UNAUTHORIZED(401, "Unauthorized"),
    NOT_FOUND(404, "NotFoundError"),
    METHOD_NOT_ALLOWED(405, "Method Not Allowed"),
    PAYLOAD_TOO_LARGE(413, "Request Entity Too Large"),
    UNSUPPORTED_MEDIA_TYPE(415, "Unsupported Media Type"),
    OVERLOADED(429, "TooManyRequestsError"),
    INTERNAL(500, "InternalServerError"),
    NOT_IMPLEMENTED(501, "NotImplementedError"),
    /** A peer process failed or cannot be reached. */
    BAD_GATEWAY(502, "BadGatewayError"),
    /** Nothing can serve now: starting, draining, no node of a needed role. */
    UNAVAILABLE(503, "ServiceUnavailableError");

    private final int httpStatus;
    private final String type;

    ErrorCode(int httpStatus, String type) {
        this.httpStatus = httpStatus;
        this.type = type;
    }

    public int httpStatus() {
        return httpStatus;
    }

    /** The {@code type} of the error body. */
    public String type() {
        return type;
    }
}
