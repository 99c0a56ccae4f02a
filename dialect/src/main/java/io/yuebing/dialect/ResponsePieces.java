package io.yuebing.dialect;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import tools.jackson.databind.JsonNode;

/** An answer written piece by piece; every piece reaches the client at once. */
final class ResponsePieces {
    private static final byte[] DATA = "data: ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] BLANK_LINE = "\n\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] NEW_LINE = "\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] COMMENT = ": keep-alive\n\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] DONE = "data: [DONE]\n\n".getBytes(StandardCharsets.US_ASCII);

    private final OutputStream out;
    private final ClientConnection client;
    private final ByteArrayOutputStream piece = new ByteArrayOutputStream(512);

    ResponsePieces(OutputStream out, ClientConnection client) {
        this.out = out;
        this.client = client;
    }

    /** One server-sent event: {@code data: {...}} and a blank line. */
    void event(JsonNode data) {
        piece.reset();
        piece.writeBytes(DATA);
        Json.write(data, piece);
        piece.writeBytes(BLANK_LINE);
        flush(piece.toByteArray());
    }

    /** A server-sent comment, which clients ignore. */
    void comment() {
        flush(COMMENT);
    }

    /** The event that ends a stream of the OpenAI API. */
    void done() {
        flush(DONE);
    }

    /** One line of newline-delimited JSON. */
    void line(JsonNode value) {
        piece.reset();
        Json.write(value, piece);
        piece.writeBytes(NEW_LINE);
        flush(piece.toByteArray());
    }

    /** An empty line, which readers of newline-delimited JSON skip. */
    void blankLine() {
        flush(NEW_LINE);
    }

    void close() {
        try (ClientConnection.Wait ignored = client.forReader()) {
            out.close();
        } catch (IOException | RuntimeException e) {
            throw new ClientGoneException(e);
        }
    }

    private void flush(byte[] bytes) {
        try (ClientConnection.Wait ignored = client.forReader()) {
            out.write(bytes);
            out.flush();
        } catch (IOException | RuntimeException e) {
            throw new ClientGoneException(e);
        }
    }
}
