package io.yuebing.transfer;

import static io.yuebing.transfer.FrameDescriptor.MAX_REQUEST_HEADER_BYTES;

import io.yuebing.transfer.QueueItem.Outgoing;
import io.yuebing.transfer.TransferException.Kind;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One connection of a session: a thread that sends, a thread that takes in answers.
 *
 * <p>Payloads go from their off-heap memory to the socket in gathering writes of many slices, or into the ring that both
 * processes have mapped; or the receiver takes them out of the sender's {@link SharedMemory}.
 */
final class FrameLane {
    /** Slices of one gathering write; with their headers well below the kernel's limit of 1024 buffers. */
    private static final int BURST_SLICES = 128;

    /** Small enough that what the checksum has read is still in the processor's cache when the kernel copies it. */
    private static final long BURST_BYTES = 512 << 10;

    /** Through a ring, the peer works on one burst while this side copies the next. */
    private static final long RING_BURST_BYTES = 256 << 10;

    private static final int RECEIVE_BYTES = 512 << 10;

    private final FrameSession session;
    private final TransferQueue queue;
    private final QueueLane lane;
    private final int slot;
    private final Wire wire;
    private final @Nullable ReachedRing ring;
    private final Checksum checksum;

    /** Of this process, read in place by the peer. */
    private final @Nullable SharedMemory own;

    /** Of the peer, read in place here. */
    private final @Nullable SharedFile theirs;

    /** The peer's segment in its memory. */
    private final @Nullable MemorySegment theirSegment;

    private final Arena memory = Arena.ofShared();
    private final FrameInput input;
    private final AtomicInteger threads = new AtomicInteger(2);
    private final AtomicReference<@Nullable TransferException> reason = new AtomicReference<>();

    /**
     * @param slot which of the session's lanes this is
     */
    FrameLane(
            FrameSession session,
            TransferQueue queue,
            int slot,
            LaneOpening.Opened opened,
            TransferClientOptions options) {
        this.session = session;
        this.queue = queue;
        this.slot = slot;
        this.wire = opened.wire();
        this.ring = opened.agreed().ring();
        Frame.Welcome welcome = opened.agreed().welcome();
        this.checksum = options.checksum();
        this.own = welcome.mapped() ? options.memory().orElse(null) : null;
        this.theirs = opened.agreed().memory();
        this.theirSegment =
                theirs == null ? null : theirs.content().asSlice(welcome.memoryOffset(), welcome.segmentBytes());
        this.lane = queue.newLane(
                Math.min(options.windowBytes(), welcome.windowBytes()),
                ring == null ? null : new RingSpace(ring.payloadBytes()),
                this::inPlace);
        int maxFrame = Math.max(
                FrameDescriptor.MAX_CONTROL_FRAME_BYTES,
                FrameDescriptor.DATA_PAYLOAD_OFFSET + (ring == null ? welcome.maxSliceBytes() : 0));
        ByteBuffer buffer = memory.allocate(Math.max(maxFrame, ring == null ? RECEIVE_BYTES : 0), 64)
                .asByteBuffer();
        this.input = new FrameInput(opened.input(), buffer, maxFrame);
    }

    private boolean inPlace(Slice slice) {
        return switch (slice) {
            case SliceWrite write -> own != null && own.offsetOf(write.local()) >= 0;
            case SliceRead _ -> theirSegment != null;
        };
    }

    void start(String name) {
        // platform threads: what they do is copying, and a carrier that copies is lost to virtual threads anyway
        Thread.ofPlatform().daemon().name("transfer-send-" + name).start(() -> untilTheEnd(this::send));
        Thread.ofPlatform().daemon().name("transfer-answers-" + name).start(() -> untilTheEnd(this::takeAnswers));
    }

    private void untilTheEnd(Runnable work) {
        try {
            work.run();
        } finally {
            if (threads.decrementAndGet() == 0) {
                memory.close();
                if (ring != null) {
                    ring.close();
                }
                if (theirs != null) {
                    theirs.close();
                }
            }
        }
    }

    int slot() {
        return slot;
    }

    QueueLane queueLane() {
        return lane;
    }

    /** Why the lane ends: what was said first, for closing it makes its threads say something else. */
    TransferException firstReason(TransferException why) {
        reason.compareAndSet(null, why);
        return Objects.requireNonNull(reason.get());
    }

    /** Ends both threads; they may still be at work when this returns. */
    void close() {
        queue.endLane(lane);
        FrameSession.closeQuietly(wire);
        if (ring != null) {
            ring.abandon();
        }
    }

    private void send() {
        try (Arena arena = Arena.ofConfined()) {
            ByteBuffer headers = arena.allocate((long) BURST_SLICES * MAX_REQUEST_HEADER_BYTES, 64)
                    .asByteBuffer();
            while (true) {
                List<Outgoing> burst = queue.next(lane, BURST_SLICES, ring == null ? BURST_BYTES : RING_BURST_BYTES);
                if (burst.isEmpty()) {
                    return;
                }
                try {
                    ByteBuffer[] frames = frames(burst, headers);
                    if (ring != null) {
                        ring.settle();
                    }
                    wire.write(frames);
                } finally {
                    queue.sent(lane, burst);
                }
            }
        } catch (IOException e) {
            session.laneLost(this, e);
        } catch (RuntimeException e) {
            session.laneLost(this, new IOException("sending failed: " + e, e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            session.laneLost(this, new IOException("interrupted", e));
        }
    }

    private ByteBuffer[] frames(List<Outgoing> burst, ByteBuffer headers) throws IOException {
        ByteBuffer[] buffers = new ByteBuffer[2 * burst.size()];
        int count = 0;
        for (int i = 0; i < burst.size(); i++) {
            Outgoing outgoing = burst.get(i);
            ByteBuffer header = headers.slice(i * MAX_REQUEST_HEADER_BYTES, MAX_REQUEST_HEADER_BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN);
            switch (outgoing.item()) {
                case QueueItem.OfSlice(QueuedBatch _, SliceWrite write) -> {
                    if (ring == null) {
                        FrameCodec.putSlice(header, outgoing.sequence(), access(write), checksum.of(write.local()));
                        buffers[count++] = header.limit(FrameDescriptor.SLICE_PAYLOAD_OFFSET);
                        buffers[count++] = write.local().asByteBuffer();
                    } else {
                        buffers[count++] = outgoing.inRing()
                                ? throughRing(outgoing, write, ring, header)
                                : inPlace(outgoing, write, Objects.requireNonNull(own), header);
                    }
                }
                case QueueItem.OfSlice(QueuedBatch _, SliceRead read) -> {
                    long place = ring == null || outgoing.inRing() ? outgoing.ringOffset() : Frame.MAPPED;
                    FrameCodec.putRead(header, outgoing.sequence(), access(read), place);
                    buffers[count++] = header.limit(FrameDescriptor.READ_BYTES);
                }
                case QueueItem.OfNotice(QueuedBatch _, byte[] message) ->
                    buffers[count++] = FrameCodec.encode(new Frame.Notice(outgoing.sequence(), message));
                case QueueItem.OfDrop(var ticket, long generation) ->
                    buffers[count++] = FrameCodec.encode(new Frame.Drop(outgoing.sequence(), ticket, generation));
            }
        }
        return Arrays.copyOf(buffers, count);
    }

    private ByteBuffer throughRing(Outgoing outgoing, SliceWrite write, ReachedRing ring, ByteBuffer header)
            throws IOException {
        int crc = ring.put(outgoing.ringOffset(), write.local(), checksum);
        FrameCodec.putRingSlice(header, outgoing.sequence(), access(write), crc, outgoing.ringOffset());
        return header.limit(FrameDescriptor.RING_SLICE_BYTES);
    }

    private ByteBuffer inPlace(Outgoing outgoing, SliceWrite write, SharedMemory own, ByteBuffer header) {
        int crc = checksum.of(write.local());
        FrameCodec.putMappedSlice(header, outgoing.sequence(), access(write), crc, own.offsetOf(write.local()));
        return header.limit(FrameDescriptor.RING_SLICE_BYTES);
    }

    private static IncomingSlice access(Slice slice) {
        return new IncomingSlice(slice.ticket(), slice.generation(), slice.remoteOffset(), (int) slice.length());
    }

    private void takeAnswers() {
        try {
            while (true) {
                switch (input.next()) {
                    case Frame.Ack ack -> queue.acknowledged(lane, ack.sequence());
                    case Frame.Data data -> land(data);
                    case Frame.Nack nack ->
                        queue.refused(
                                lane,
                                nack.sequence(),
                                TransferException.refused(
                                        session.peer(),
                                        RefusalCode.ofWireCode(nack.code()).orElse(null),
                                        nack.sentence()));
                    case Frame.Refuse refuse -> throw new ProtocolException("the farewell: " + refuse.sentence());
                    case Frame other ->
                        throw new ProtocolException(
                                "expected ACK, NACK or DATA, found a frame of type " + other.type());
                }
            }
        } catch (IOException e) {
            session.laneLost(this, e);
        } catch (RuntimeException e) {
            session.laneLost(this, new IOException("receiving failed: " + e, e));
        }
    }

    private void land(Frame.Data data) throws IOException {
        if (data.payload().hasRemaining() == (ring != null)) {
            throw new ProtocolException("data of access " + data.sequence() + " on the wrong way");
        }
        Outgoing landing = queue.landing(lane, data.sequence(), data.length());
        if (landing == null) {
            return;
        }
        TransferException damage = null;
        try {
            int found = take(data, landing);
            if (found != data.payloadCrc()) {
                damage = new TransferException(
                        Kind.DAMAGED,
                        "%d bytes read from %s arrived damaged: CRC32C expected 0x%08x, found 0x%08x"
                                .formatted(data.length(), session.peer(), data.payloadCrc(), found));
            }
        } catch (IOException e) {
            damage = new TransferException(
                    Kind.CONNECTION_LOST, session.peer() + " can no longer be read from: " + e.getMessage(), e);
            throw e;
        } finally {
            queue.landed(lane, landing, damage);
        }
    }

    /**
     * Copies what has come to its place.
     *
     * @return the checksum of the copy; the place means nothing if it is not the right one
     */
    private int take(Frame.Data data, Outgoing landing) throws IOException {
        if (!(landing.item() instanceof QueueItem.OfSlice(QueuedBatch _, SliceRead read))) {
            throw new IllegalStateException("no read: " + landing.item());
        }
        MemorySegment arrived;
        if (ring == null) {
            arrived = MemorySegment.ofBuffer(data.payload());
        } else if (landing.inRing()) {
            arrived = ring.fetch(landing.ringOffset(), data.length());
        } else {
            arrived = Objects.requireNonNull(theirSegment).asSlice(read.remoteOffset(), data.length());
        }
        return checksum.copy(arrived, read.local(), false);
    }
}
