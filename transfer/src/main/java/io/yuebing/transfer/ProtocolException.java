package io.yuebing.transfer;

import java.io.IOException;

/** Bytes that are not the protocol of {@link FrameDescriptor}: expected and found. The connection ends. */
final class ProtocolException extends IOException {
    private static final long serialVersionUID = 1L;

    ProtocolException(String sentence) {
        super(sentence);
    }
}
