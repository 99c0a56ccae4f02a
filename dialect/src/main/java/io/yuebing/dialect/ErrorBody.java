package io.yuebing.dialect;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.ServiceException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The form of every error on the wire: {@code {"error":{"message","type","param","code"}}}, {@code code} being the HTTP
 * status.
 */
public final class ErrorBody {
    private ErrorBody() {}

    public static ObjectNode of(ServiceException e) {
        return of(e.code(), String.valueOf(e.getMessage()), e.param().orElse(null));
    }

    static ObjectNode of(ErrorCode code, String message, @Nullable String param) {
        ObjectNode body = Json.object();
        body.putObject("error")
                .put("message", message)
                .put("type", code.type())
                .put("param", param)
                .put("code", code.httpStatus());
        return body;
    }

    /** Reads an error that a peer sent, whatever its form; {@code peer} names it where the body says nothing usable. */
    public static ServiceException read(String peer, int httpStatus, byte[] body) {
        try {
            JsonNode error = Json.read(body).path("error");
            if (error.isObject()) {
                return read(peer, httpStatus, error);
            }
        } catch (JacksonException notJson) {
            // told below with the peer's own words
        }
        String text = new String(body, 0, Math.min(body.length, 200), StandardCharsets.UTF_8).strip();
        return new ServiceException(
                ErrorCode.BAD_GATEWAY,
                peer + " answered with status " + httpStatus + (text.isEmpty() ? " and no body" : ": " + text));
    }

    static ServiceException read(String peer, int httpStatus, JsonNode error) {
        int status = error.path("code").isInt() ? error.path("code").intValue() : httpStatus;
        JsonNode param = error.path("param");
        return new ServiceException(
                codeOf(status),
                error.path("message").asString(peer + " answered with status " + status),
                param.isString() ? param.stringValue() : null);
    }

    private static ErrorCode codeOf(int httpStatus) {
        for (ErrorCode code : ErrorCode.values()) {
            if (code.httpStatus() == httpStatus) {
                return code;
            }
        }
        return httpStatus >= 400 && httpStatus < 500 ? ErrorCode.INVALID_REQUEST : ErrorCode.BAD_GATEWAY;
    }
}
