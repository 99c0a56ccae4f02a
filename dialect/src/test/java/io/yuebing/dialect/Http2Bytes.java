package io.yuebing.dialect;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** What an HTTP/2 client sends, byte for byte; begins with the preface. */
final class Http2Bytes {
    static final int DATA = 0;
    static final int HEADERS = 1;
    static final int RST_STREAM = 3;
    static final int SETTINGS = 4;
    static final int PING = 6;
    static final int CONTINUATION = 9;

    static final int END_STREAM = 1;
    static final int END_HEADERS = 4;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private Http2Bytes() {}

    static Http2Bytes preface() {
        Http2Bytes begun = new Http2Bytes();
        begun.bytes.writeBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        return begun;
    }

    Http2Bytes frame(int type, int flags, int stream, byte... payload) {
        bytes.writeBytes(new byte[] {
            (byte) (payload.length >> 16),
            (byte) (payload.length >> 8),
            (byte) payload.length,
            (byte) type,
            (byte) flags,
            (byte) (stream >> 24),
            (byte) (stream >> 16),
            (byte) (stream >> 8),
            (byte) stream
        });
        bytes.writeBytes(payload);
        return this;
    }

    /** A request without a body; its headers in HPACK without compression. */
    Http2Bytes get(int stream, String path) {
        return frame(HEADERS, END_HEADERS | END_STREAM, stream, request(path));
    }

    /** {@code GET}, {@code http}, the path and an authority. */
    static byte[] request(String path) {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        block.writeBytes(new byte[] {(byte) 0x82, (byte) 0x86, 0x04, (byte) path.length()});
        block.writeBytes(path.getBytes(StandardCharsets.US_ASCII));
        block.writeBytes(new byte[] {0x01, 0x01, 't'});
        return block.toByteArray();
    }

    byte[] toByteArray() {
        return bytes.toByteArray();
    }
}
