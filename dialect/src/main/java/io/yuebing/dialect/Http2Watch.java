package io.yuebing.dialect;

import java.util.TreeSet;

/**
 * Follows the bytes that a client sends on an HTTP/2 connection: which streams it gives up, and what it has begun and not
 * finished.
 *
 * <p>After the preface a connection is a row of frames (RFC 9113, section 4.1), of which RST_STREAM matters here, and the
 * frames that carry the headers of one request, which belong together: HEADERS, and CONTINUATION until one has END_HEADERS.
 *
 * <pre>
 *   0        3      4       5                  9
 *   | length | type | flags | R | stream id (31) | payload of length bytes
 * </pre>
 *
 * <p>One thread accepts bytes; any thread asks {@link #gone}.
 */
final class Http2Watch {
    /** Clients need one or two; frames without payload would pile up in Helidon, which bounds their bytes and not their number. */
    static final int MAX_HEADER_FRAMES = 64;

    private static final int PREFACE_BYTES = 24;
    private static final int HEADER_BYTES = 9;
    private static final int HEADERS = 0x1;
    private static final int RST_STREAM = 0x3;
    private static final int CONTINUATION = 0x9;
    private static final int END_HEADERS = 0x4;
    /** Streams that are reset after their end are never asked for: the oldest go. */
    private static final int MAX_RESETS_REMEMBERED = 8192;

    private final TreeSet<Integer> reset = new TreeSet<>();
    private volatile boolean closed;

    private int skip = PREFACE_BYTES;
    private int headerRead;
    private int length;
    private int type;
    private int flags;
    private int streamId;
    /** Frames of a request's headers that have begun; 0 = the last headers were complete. */
    private int headerFrames;

    private long finished;

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
            if (skip == 0 && headerRead == 0 && headerFrames == 0) {
                finished++;
            }
        }
    }

    private void header(int next) {
        switch (headerRead++) {
            case 0 -> length = next;
            case 1, 2 -> length = length << 8 | next;
            case 3 -> type = next;
            case 4 -> {
                flags = next;
                streamId = 0;
            }
            default -> streamId = streamId << 8 | next;
        }
        if (headerRead == HEADER_BYTES) {
            begun();
            skip = length;
            headerRead = 0;
        }
    }

    private void begun() {
        if (type == RST_STREAM) {
            remember(streamId & Integer.MAX_VALUE);
        } else if (type == HEADERS || (type == CONTINUATION && headerFrames > 0)) {
            headerFrames = (flags & END_HEADERS) != 0 ? 0 : headerFrames + 1;
        }
    }

    private void remember(int stream) {
        synchronized (reset) {
            reset.add(stream);
            if (reset.size() > MAX_RESETS_REMEMBERED) {
                reset.pollFirst();
            }
        }
    }

    /** Whether the client has begun a frame, or headers of several frames, whose end has not come yet. */
    boolean unfinished() {
        return skip > 0 || headerRead > 0 || headerFrames > 0;
    }

    /** Grows whenever the client has finished what it began. */
    long finished() {
        return finished;
    }

    /** Whether the headers of a request are spread over more frames than any client needs. */
    boolean flooded() {
        return headerFrames > MAX_HEADER_FRAMES;
    }

    /** The client sends nothing more. */
    void closed() {
        closed = true;
    }

    /** Whether the client has given up the stream, alone or with the connection. */
    boolean gone(int stream) {
        if (closed) {
            return true;
        }
        synchronized (reset) {
            return reset.contains(stream);
        }
    }

    /** The stream is over, whoever ended it. */
    void forget(int stream) {
        synchronized (reset) {
            reset.remove(stream);
        }
    }
}
