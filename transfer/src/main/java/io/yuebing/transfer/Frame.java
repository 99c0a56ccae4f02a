package io.yuebing.transfer;

import java.nio.ByteBuffer;
import java.util.UUID;

/** What travels on a connection; {@link FrameDescriptor} draws the bytes. */
@SuppressWarnings("ArrayRecordComponent") // frames are never compared
sealed interface Frame {

    /** The number in the header's type field. */
    int type();

    int HELLO = 1;
    int WELCOME = 2;
    int REFUSE = 3;
    int SLICE = 4;
    int ACK = 5;
    int NACK = 6;
    int DROP = 7;

    /** A writer introduces itself. */
    record Hello(String segment, byte[] hello) implements Frame {
        @Override
        public int type() {
            return HELLO;
        }
    }

    /** The receiver accepts a writer. */
    record Welcome(long windowBytes, long segmentBytes, int maxSliceBytes, byte[] hello) implements Frame {
        @Override
        public int type() {
            return WELCOME;
        }
    }

    /** One side declines the other. */
    record Refuse(String sentence) implements Frame {
        @Override
        public int type() {
            return REFUSE;
        }
    }

    /** One write; {@code payload} is a view of the buffer that the frame was decoded from. */
    record Slice(long sequence, UUID ticket, long generation, long offset, int payloadCrc, ByteBuffer payload)
            implements Frame {
        @Override
        public int type() {
            return SLICE;
        }
    }

    /** Everything up to {@code sequence} is settled. */
    record Ack(long sequence) implements Frame {
        @Override
        public int type() {
            return ACK;
        }
    }

    /** One write is refused. */
    record Nack(long sequence, int code, String sentence) implements Frame {
        @Override
        public int type() {
            return NACK;
        }
    }

    /** The writer gives up a ticket. */
    record Drop(long sequence, UUID ticket, long generation) implements Frame {
        @Override
        public int type() {
            return DROP;
        }
    }
}
