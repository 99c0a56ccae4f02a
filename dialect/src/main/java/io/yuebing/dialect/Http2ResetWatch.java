package io.yuebing.dialect;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Follows the bytes that a client sends on an HTTP/2 connection for streams that it gives up.
 *
 * <p>After the preface a connection is a row of frames (RFC 9113, section 4.1), of which only RST_STREAM matters here:
 *
 * <pre>
 *   0        3      4       5                  9
 *   | length | type | flags | R | stream id (31) | payload of length bytes
 * </pre>
 *
 * <p>One thread accepts bytes; any thread asks.
 */
final class Http2ResetWatch {
    private static final int PREFACE_BYTES = 24;
    private static final int HEADER_BYTES = 9;
    private static final int RST_STREAM = 0x3;

    private final Set<Integer> reset = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    private int skip = PREFACE_BYTES;
    private int headerRead;
    private int length;
    private int type;
    private int streamId;

    /** Takes the next bytes from the client, in order. */
    void accept(byte[] bytes) {
        int at = 0;
        while (at < bytes.length) {
            if (skip > 0) {
                int skipped = Math.min(skip, bytes.length - at);
                skip -= skipped;
                at += skipped;
            } else {
                header(bytes[at++] & 0xFF);
            }
        }
    }

    private void header(int next) {
        switch (headerRead++) {
            case 0 -> length = next;
            case 1, 2 -> length = length << 8 | next;
            case 3 -> type = next;
            case 4 -> streamId = 0;
            default -> streamId = streamId << 8 | next;
        }
        if (headerRead == HEADER_BYTES) {
            if (type == RST_STREAM) {
                reset.add(streamId & Integer.MAX_VALUE);
            }
            skip = length;
            headerRead = 0;
        }
    }

    /** The client sends nothing more. */
    void closed() {
        closed = true;
    }

    /** Whether the client has given up the stream, alone or with the connection. */
    boolean gone(int stream) {
        return closed || reset.contains(stream);
    }

    /** The stream is over, whoever ended it. */
    void forget(int stream) {
        reset.remove(stream);
    }
}
