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
    int MAPPED_SLICE = 15;

    /** In {@link Read}: the answer carries its payload. */
    long INLINE = -1;

    /** In {@link Read}: the caller takes the bytes out of the segment's shared memory itself. */
    long MAPPED = -2;

    /**
     * The calling side introduces itself.
     *
     * @param checksum of all payloads of the connection
     * @param memory that the owner may read in place
     */
    record Hello(
            String segment,
            byte[] nonce,
            RingWish ring,
            Checksum checksum,
            @Nullable MemoryOffer memory,
            byte[] hello) implements Frame {
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

    /**
     * The offering side accepts a peer.
     *
     * @param mapped whether it reads the caller's shared memory
     * @param memory that holds the segment and that the caller may read in place
     * @param memoryOffset where the segment begins in {@code memory}
     */
    record Welcome(
            long windowBytes,
            long segmentBytes,
            int maxSliceBytes,
            @Nullable MemoryOffer ring,
            boolean mapped,
            @Nullable MemoryOffer memory,
            long memoryOffset,
            String segment,
            byte[] hello)
            implements Frame {
        @Override
        public int type() {
            return WELCOME;
        }
    }

    /** Memory that the peer can perhaps reach: a {@link SharedFile}, or a {@link UcxRingAddress}. */
    record MemoryOffer(String name, long bytes, UUID token) {}

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

    /** One write whose payload the owner takes out of the caller's shared memory. */
    record MappedSlice(
            long sequence, UUID ticket, long generation, long offset, int length, int payloadCrc, long memoryOffset)
            implements Frame {
        @Override
        public int type() {
            return MAPPED_SLICE;
        }
    }

    /** One read; {@code ringOffset} says where in the ring the answer goes, or is {@link #INLINE} or {@link #MAPPED}. */
    record Read(long sequence, UUID ticket, long generation, long offset, int length, long ringOffset)
            implements Frame {
        @Override
        public int type() {
            return READ;
        }
    }

    /** The answer to a read; settles everything up to it. {@code payload} is empty if it lies elsewhere. */
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
