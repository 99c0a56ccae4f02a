package io.yuebing.transfer;

import java.nio.ByteBuffer;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

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
    int CHALLENGE = 8;
    int PROOF = 9;
    int RING = 10;
    int RING_SLICE = 11;
    int READ = 12;
    int DATA = 13;
    int NOTICE = 14;

    /** In {@link Read}: the answer carries its payload. */
    long INLINE = -1;

    /** The calling side introduces itself. */
    record Hello(String segment, byte[] nonce, RingWish ring, byte[] hello) implements Frame {
        @Override
        public int type() {
            return HELLO;
        }
    }

    /** Whether payloads are to travel through a ring, and which. */
    enum RingWish {
        /** In the frames. */
        NEVER,
        /** Shared memory, if both ends are on one host; of a server: whatever it can offer. */
        IF_POSSIBLE,
        /** Shared memory. */
        ALWAYS,
        /** Memory that UCX reaches, if both have it. */
        UCX_IF_POSSIBLE,
        /** Memory that UCX reaches. */
        UCX;

        boolean throughUcx() {
            return this == UCX_IF_POSSIBLE || this == UCX;
        }
    }

    /** The offering side proves that it knows the secret, and wants the same. */
    record Challenge(byte[] nonce, byte[] proof) implements Frame {
        @Override
        public int type() {
            return CHALLENGE;
        }
    }

    /** The calling side's answer to a challenge. */
    record Proof(byte[] proof) implements Frame {
        @Override
        public int type() {
            return PROOF;
        }
    }

    /** The offering side accepts a peer. */
    record Welcome(
            long windowBytes,
            long segmentBytes,
            int maxSliceBytes,
            @Nullable RingOffer ring,
            String segment,
            byte[] hello)
            implements Frame {
        @Override
        public int type() {
            return WELCOME;
        }
    }

    /** Memory that carries payloads, if the peer can reach it: a file in shared memory, or a {@link UcxRingAddress}. */
    record RingOffer(String name, long bytes, UUID token) {}

    /** Whether the peer reaches the ring. */
    record Ring(boolean taken) implements Frame {
        @Override
        public int type() {
            return RING;
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

    /** One write whose payload lies in the ring. */
    record RingSlice(
            long sequence, UUID ticket, long generation, long offset, int length, int payloadCrc, long ringOffset)
            implements Frame {
        @Override
        public int type() {
            return RING_SLICE;
        }
    }

    /** One read; {@code ringOffset} says where in the ring the answer goes, or {@link #INLINE}. */
    record Read(long sequence, UUID ticket, long generation, long offset, int length, long ringOffset)
            implements Frame {
        @Override
        public int type() {
            return READ;
        }
    }

    /** The answer to a read; settles everything up to it. {@code payload} is empty if it lies in the ring. */
    record Data(long sequence, int payloadCrc, int length, ByteBuffer payload) implements Frame {
        @Override
        public int type() {
            return DATA;
        }
    }

    /** A batch is complete, with this message. */
    record Notice(long sequence, byte[] message) implements Frame {
        @Override
        public int type() {
            return NOTICE;
        }
    }

    /** Everything up to {@code sequence} is settled. */
    record Ack(long sequence) implements Frame {
        @Override
        public int type() {
            return ACK;
        }
    }

    /** One access is refused. */
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
