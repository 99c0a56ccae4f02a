package io.yuebing.dialect;

import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.http.http2.Http2ErrorCode;
import io.helidon.http.http2.Http2Exception;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ServerConnectionException;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.yuebing.api.ErrorCode;
import io.yuebing.api.ServiceException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** One HTTP request with its answer. Used by the one thread that handles it. */
public final class ApiExchange {
    private final ServerRequest request;
    private final ServerResponse response;
    private final String requestId;
    private final long maxBodyBytes;
    private final ClientConnection connection = ClientConnection.current();
    private final StringBuilder notes = new StringBuilder();
    private int status;
    private boolean streamed;
    private boolean bodyLeft;

    ApiExchange(ServerRequest request, ServerResponse response, String requestId, long maxBodyBytes) {
        this.request = request;
        this.response = response;
        this.requestId = requestId;
        this.maxBodyBytes = maxBodyBytes;
        response.header("X-Request-Id", requestId);
    }

    /** The client's {@code X-Request-Id}, or a fresh one; echoed in the answer and named in every log line. */
    public String requestId() {
        return requestId;
    }

    public Optional<String> header(String name) {
        return request.headers().first(HeaderNames.create(name));
    }

    public Optional<String> query(String name) {
        return request.query().first(name).asOptional();
    }

    /** A named part of the route's path pattern. */
    public String pathParameter(String name) {
        return request.path().pathParameters().get(name);
    }

    /**
     * The request's body, which must be one JSON object of type {@code application/json}.
     *
     * @throws ServiceException 400, 413 or 415, saying what is wrong with it
     */
    public ObjectNode jsonBody() {
        requireJsonType();
        byte[] body = body();
        JsonNode value;
        try {
            value = Json.read(body);
        } catch (JacksonException e) {
            throw new ServiceException(ErrorCode.INVALID_REQUEST, Json.complaint(e), null, e);
        }
        if (!(value instanceof ObjectNode object)) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST, "The request body must be a JSON object, got " + kind(value));
        }
        WellFormedText.require(object);
        return object;
    }

    /** From now on {@link #clientGone()} notices a disconnect even while nothing is written; the body must be read. */
    void watchClient() {
        connection.watch();
    }

    boolean clientGone() {
        return connection.gone();
    }

    /** Sends a JSON answer. */
    public void send(int httpStatus, JsonNode body) {
        send(httpStatus, "application/json", Json.bytes(body));
    }

    /** Sends an answer of any type. */
    public void send(int httpStatus, String contentType, byte[] body) {
        begin(httpStatus, contentType);
        try (ClientConnection.Wait ignored = connection.forReader()) {
            response.send(body);
        } catch (RuntimeException e) {
            throw new ClientGoneException(e);
        }
    }

    /** Sends a status without a body. */
    public void sendEmpty(int httpStatus) {
        status = httpStatus;
        response.status(Status.create(httpStatus));
        try {
            response.send();
        } catch (RuntimeException e) {
            throw new ClientGoneException(e);
        }
    }

    /** Adds a header to the answer; before it begins. */
    public void answerHeader(String name, String value) {
        response.header(name, value);
    }

    /** Begins an answer that is written piece by piece. */
    ResponsePieces stream(String contentType) {
        begin(200, contentType);
        response.header("Cache-Control", "no-cache");
        response.header("X-Accel-Buffering", "no");
        // Helidon ends a streamed answer only after its handler has returned.
        response.whenSent(this::endOfAnswer);
        streamed = true;
        return new ResponsePieces(response.outputStream(), connection);
    }

    /** Adds {@code key=value} to this request's log line. */
    public void note(String key, Object value) {
        // a client's words must not break the line
        notes.append(' ').append(key).append('=').append(String.valueOf(value).replaceAll("\\p{Cntrl}", " "));
    }

    String notes() {
        return notes.toString();
    }

    /** The status sent, 0 before the answer began. */
    int status() {
        return status;
    }

    /** To be called when the handler is done; an answer that was streamed ends later. */
    void handled() {
        if (!streamed) {
            endOfAnswer();
        }
    }

    /** To be called instead of {@link #handled} when the answer broke off. */
    void abandoned() {
        connection.abandon();
    }

    /** Closes the connection if the client wants that; otherwise waits for its next request, if it was watched. */
    private void endOfAnswer() {
        if (bodyLeft) {
            connection.abandon();
            throw new CloseConnectionException(
                    "the rest of the body is not wanted",
                    new Http2Exception(Http2ErrorCode.NO_ERROR, "body too large"));
        }
        if (closeRequested()) {
            // Helidon 4.5 answers "Connection: close" but leaves the connection open (helidon issue 12324).
            throw new CloseConnectionException("no further request can follow");
        }
        connection.release();
    }

    String methodAndPath() {
        return request.prologue().method().text() + " " + request.path().rawPath();
    }

    private boolean http2() {
        return request.prologue().protocolVersion().startsWith("2");
    }

    private boolean closeRequested() {
        return request.headers()
                .first(HeaderNames.CONNECTION)
                .map(value -> value.toLowerCase(Locale.ROOT).contains("close"))
                .orElse(false);
    }

    private void begin(int httpStatus, String contentType) {
        status = httpStatus;
        response.status(Status.create(httpStatus));
        response.header(HeaderNames.CONTENT_TYPE, contentType);
    }

    private void requireJsonType() {
        String type = request.headers().first(HeaderNames.CONTENT_TYPE).orElse("");
        int parameters = type.indexOf(';');
        String media = (parameters < 0 ? type : type.substring(0, parameters)).strip();
        if (!media.equalsIgnoreCase("application/json")) {
            throw new ServiceException(
                    ErrorCode.UNSUPPORTED_MEDIA_TYPE,
                    "Content-Type must be application/json, got " + (media.isEmpty() ? "none" : media)
                            + "; send the header \"Content-Type: application/json\"");
        }
    }

    private byte[] body() {
        if (!request.content().hasEntity()) {
            throw new ServiceException(ErrorCode.INVALID_REQUEST, "The request has no body; send a JSON object");
        }
        long announced = request.headers().contentLength().orElse(-1);
        try (ClientConnection.Wait ignored = connection.forBody();
                InputStream in = request.content().inputStream()) {
            byte[] bytes = announced > maxBodyBytes ? new byte[0] : in.readNBytes((int) maxBodyBytes + 1);
            if (announced > maxBodyBytes || bytes.length > maxBodyBytes) {
                // Most clients read the answer only after they have sent everything; so a little more is swallowed.
                in.skip(maxBodyBytes);
                if (!http2()) {
                    response.header("Connection", "close");
                }
                bodyLeft = true;
                throw new ServiceException(
                        ErrorCode.PAYLOAD_TOO_LARGE,
                        "The request body " + (announced > maxBodyBytes ? "of " + announced + " bytes " : "")
                                + "is too large, at most " + maxBodyBytes + " bytes are accepted");
            }
            return bytes;
        } catch (IOException | UncheckedIOException | IllegalStateException | ServerConnectionException e) {
            throw new ClientGoneException(e);
        }
    }

    private static String kind(JsonNode value) {
        return switch (value.getNodeType()) {
            case ARRAY -> "an array";
            case STRING -> "a string";
            case NUMBER -> "a number";
            case BOOLEAN -> "a boolean";
            case NULL -> "null";
            case OBJECT, POJO, BINARY, MISSING -> "nothing";
        };
    }
}
