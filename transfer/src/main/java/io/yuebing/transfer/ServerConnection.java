package io.yuebing.transfer;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The offering end of one connection.
 *
 * <p>A payload is complete before the segment's guard sees it, verified while the guard copies it, and acknowledged after
 * the guard has applied it. One ACK covers all accesses that arrived together.
 */
final class ServerConnection {
    private static final int MIN_RECEIVE_BYTES = 512 << 10;

    /** Bytes after which the peer hears how far they are, though more of its frames wait: it goes on meanwhile. */
    private static final long ANSWER_BYTES = 512 << 10;

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    /** What the connection is doing, for its deadline. */
    private enum Phase {
        HANDSHAKE,
        IDLE,
        MID_FRAME,
        ANSWERING
    }

    private final SocketChannel channel;
    private final FrameServer server;
    private final InetAddress peer;
    private final String peerHost;
    private final CountDownLatch ended = new CountDownLatch(1);

    private volatile Phase phase = Phase.HANDSHAKE;
    private volatile long progressNanos;
    private volatile boolean stopped;
    private long lastSequence;
    private boolean ackOwed;
    private long bytesUnanswered;

    /** Room for a payload out of the peer's reach, if any come through shared memory; belongs to the receiving thread. */
    private MemorySegment scratch = MemorySegment.NULL;

    private Checksum checksum = Checksum.CRC32C;

    /** What the peer has shared, readable in place. */
    private @Nullable MemorySegment peerMemory;

    ServerConnection(SocketChannel channel, FrameServer server) throws IOException {
        this.channel = channel;
        this.server = server;
        this.progressNanos = server.time().nanoTime();
        if (!(channel.getRemoteAddress() instanceof InetSocketAddress remote)) {
            throw new IOException("a connection from nowhere");
        }
        this.peer = remote.getAddress();
        this.peerHost = peer.getHostAddress();
    }

    void start() {
        Thread.ofVirtual().name("transfer-handshake-" + peerHost()).start(this::introduce);
    }

    String peerHost() {
        return peerHost;
    }

    boolean peerOnThisHost() {
        try {
            return peer.isLoopbackAddress() || NetworkInterface.getByInetAddress(peer) != null;
        } catch (SocketException _) {
            return false;
        }
    }

    void stop() {
        stopped = true;
        FrameSession.closeQuietly(channel);
    }

    void join(Duration patience) throws InterruptedException {
        ended.await(patience.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** The peer is known; {@code halfway} if it still has to answer something. */
    void established(boolean halfway) {
        progressed(halfway ? Phase.HANDSHAKE : Phase.IDLE);
    }

    void checkDeadline(long nowNanos) {
        TransferServerOptions options = server.options();
        Duration limit = switch (phase) {
            case HANDSHAKE -> options.handshakeTimeout();
            case IDLE -> options.idleTimeout();
            case MID_FRAME, ANSWERING -> options.stallTimeout();
        };
        if (nowNanos - progressNanos <= limit.toNanos() || stopped) {
            return;
        }
        if (phase != Phase.IDLE) {
            server.counters().stalled.increment();
            server.complaints()
                    .log(
                            peerHost(),
                            "nothing moved for " + limit.toMillis() + " ms in phase " + phase + ", disconnected");
        }
        stop();
    }

    /** On a virtual thread: most of those who never say anything cost nothing else. */
    private void introduce() {
        boolean handedOver = false;
        try {
            Wire wire = server.wire(channel);
            FrameInput input = new FrameInput(
                    wire,
                    Arena.ofAuto()
                            .allocate(FrameDescriptor.MAX_CONTROL_FRAME_BYTES, 64)
                            .asByteBuffer(),
                    FrameDescriptor.MAX_CONTROL_FRAME_BYTES);
            Optional<ServerHandshake.Agreed> agreed = new ServerHandshake(server, this, wire, input).shake();
            if (agreed.isPresent()) {
                Thread.ofPlatform()
                        .daemon()
                        .name("transfer-receive-" + peerHost())
                        .start(() -> serve(agreed.get(), wire, input));
                handedOver = true;
            }
        } catch (IOException | RuntimeException e) {
            complain(e);
        } finally {
            if (!handedOver) {
                end();
            }
        }
    }

    /** On a platform thread: what follows is copying. */
    private void serve(ServerHandshake.Agreed agreed, Wire wire, FrameInput input) {
        try (Arena memory = Arena.ofConfined();
                OfferedRing ring = agreed.ring();
                SharedFile _ = agreed.memory()) {
            checksum = agreed.checksum();
            peerMemory = agreed.memory() == null ? null : agreed.memory().content();
            if (ring != null) {
                scratch = memory.allocate(server.options().maxSliceBytes(), 64);
            }
            receive(agreed.segment(), ring == null ? null : ring.payloads(), wire, input, memory);
        } catch (IOException | RuntimeException e) {
            complain(e);
        } finally {
            end();
        }
    }

    private void complain(Exception e) {
        switch (e) {
            case ProtocolException _ -> {
                server.counters().protocolErrors.increment();
                server.complaints().log(peerHost(), "sent " + e.getMessage() + "; disconnected");
            }
            case EOFException _ -> {
                // the peer has finished
            }
            case IOException _ -> {
                if (!stopped) {
                    server.complaints().log(peerHost(), "connection lost: " + e.getMessage());
                }
            }
            default -> server.complaints().log(peerHost(), "receiving failed, disconnected: " + e);
        }
    }

    private void end() {
        stop();
        server.ended(this);
        ended.countDown();
    }

    private void receive(
            Segment segment, @Nullable MemorySegment ring, Wire wire, FrameInput handshakeInput, Arena memory)
            throws IOException {
        int maxFrame = Math.max(
                FrameDescriptor.NOTICE_MESSAGE_OFFSET + BatchOptions.MAX_NOTICE_BYTES,
                FrameDescriptor.SLICE_PAYLOAD_OFFSET
                        + (ring == null ? server.options().maxSliceBytes() : 0));
        int capacity = Math.max(
                Math.max(maxFrame, ring == null ? MIN_RECEIVE_BYTES : 0), FrameDescriptor.MAX_CONTROL_FRAME_BYTES);
        FrameInput input =
                new FrameInput(handshakeInput, memory.allocate(capacity, 64).asByteBuffer(), maxFrame);
        Answers answers = new Answers(wire, () -> progressed(Phase.ANSWERING));
        try {
            while (!stopped) {
                Frame frame = input.poll();
                if (frame == null || bytesUnanswered >= ANSWER_BYTES) {
                    answer(answers);
                }
                if (frame == null) {
                    awaitingMore(input.midFrame());
                    input.read();
                } else {
                    handle(segment, ring, frame, answers);
                }
            }
        } finally {
            answers.close();
        }
    }

    private void handle(Segment segment, @Nullable MemorySegment ring, Frame frame, Answers answers)
            throws IOException {
        ackOwed = true;
        switch (frame) {
            case Frame.Slice slice -> {
                inOrder(slice.sequence());
                int length = slice.payload().remaining();
                if (ring != null || length > server.options().maxSliceBytes()) {
                    throw new ProtocolException("a SLICE of " + length + " bytes, expected at most "
                            + (ring == null ? server.options().maxSliceBytes() : 0));
                }
                write(
                        segment,
                        slice.sequence(),
                        new IncomingSlice(slice.ticket(), slice.generation(), slice.offset(), length),
                        Payload.received(MemorySegment.ofBuffer(slice.payload()), checksum, slice.payloadCrc()),
                        answers);
            }
            case Frame.RingSlice slice -> {
                inOrder(slice.sequence());
                MemorySegment payload = place(ring, slice.ringOffset(), slice.length());
                write(
                        segment,
                        slice.sequence(),
                        new IncomingSlice(slice.ticket(), slice.generation(), slice.offset(), slice.length()),
                        Payload.shared(payload, checksum, slice.payloadCrc(), scratch),
                        answers);
            }
            case Frame.MappedSlice slice -> {
                inOrder(slice.sequence());
                MemorySegment payload = place(peerMemory, slice.memoryOffset(), slice.length());
                write(
                        segment,
                        slice.sequence(),
                        new IncomingSlice(slice.ticket(), slice.generation(), slice.offset(), slice.length()),
                        Payload.shared(payload, checksum, slice.payloadCrc(), scratch),
                        answers);
            }
            case Frame.Read read -> {
                inOrder(read.sequence());
                read(segment, ring, read, answers);
            }
            case Frame.Drop drop -> {
                inOrder(drop.sequence());
                segment.writes().dropped(drop.ticket(), drop.generation());
            }
            case Frame.Notice notice -> {
                inOrder(notice.sequence());
                segment.notices().notice(peerHost(), notice.message());
            }
            case Frame other -> throw new ProtocolException("a frame of type " + other.type() + " after its HELLO");
        }
        progressed(Phase.IDLE);
    }

    /** A frame that trickles in has one deadline for the whole of it. */
    private void awaitingMore(boolean midFrame) {
        if (!midFrame) {
            progressed(Phase.IDLE);
        } else if (phase != Phase.MID_FRAME) {
            progressed(Phase.MID_FRAME);
        }
    }

    private void inOrder(long sequence) throws ProtocolException {
        if (sequence != lastSequence + 1) {
            throw new ProtocolException("access number " + sequence + " after number " + lastSequence);
        }
        lastSequence = sequence;
    }

    private MemorySegment place(@Nullable MemorySegment shared, long offset, int length) throws ProtocolException {
        if (shared == null) {
            throw new ProtocolException("a payload in shared memory on a connection that has none");
        }
        if (length < 1
                || length > server.options().maxSliceBytes()
                || offset < 0
                || offset > shared.byteSize() - length) {
            throw new ProtocolException("a payload of " + length + " bytes at offset " + offset
                    + " of shared memory of " + shared.byteSize() + " bytes");
        }
        return shared.asSlice(offset, length);
    }

    private void write(Segment segment, long sequence, IncomingSlice slice, Payload payload, Answers answers)
            throws IOException {
        Optional<Refusal> refusal;
        try {
            refusal = outside(segment, slice).or(() -> segment.writes().apply(slice, payload, segment.memory()));
        } catch (DamagedPayloadException e) {
            refusal = damaged(slice, e.expected(), e.found());
        }
        bytesUnanswered += slice.length();
        if (refusal.isPresent()) {
            refuse(sequence, refusal.get(), answers);
        } else {
            server.counters().slicesReceived.increment();
            server.counters().bytesReceived.add(slice.length());
            server.counted().received(peerHost(), slice.length());
        }
    }

    private Optional<Refusal> damaged(IncomingSlice slice, int expected, int found) {
        server.counters().checksumFailures.increment();
        server.complaints().log(peerHost(), "a slice arrived damaged");
        return Optional.of(new Refusal(
                RefusalCode.CHECKSUM_MISMATCH,
                "%d bytes for offset %d of ticket %s arrived damaged: CRC32C expected 0x%08x, found 0x%08x"
                        .formatted(slice.length(), slice.offset(), slice.ticket(), expected, found)));
    }

    private static Optional<Refusal> outside(Segment segment, IncomingSlice slice) {
        long segmentBytes = segment.memory().byteSize();
        return slice.offset() >= 0 && slice.offset() <= segmentBytes - slice.length()
                ? Optional.empty()
                : Optional.of(new Refusal(
                        RefusalCode.OUTSIDE_RESERVATION,
                        slice.length() + " bytes at offset " + slice.offset() + " of ticket " + slice.ticket()
                                + " leave the segment '" + segment.name() + "', which has " + segmentBytes
                                + " bytes"));
    }

    private void read(Segment segment, @Nullable MemorySegment ring, Frame.Read read, Answers answers)
            throws IOException {
        if (read.length() < 1 || read.length() > server.options().maxSliceBytes()) {
            throw new ProtocolException("a read of " + read.length() + " bytes");
        }
        boolean inPlace = read.ringOffset() == Frame.MAPPED;
        if (inPlace && (ring == null || segment.shared().isEmpty())) {
            throw new ProtocolException("a read in place of a segment that is not shared");
        }
        MemorySegment place = inPlace || read.ringOffset() == Frame.INLINE && ring == null
                ? null
                : place(ring, read.ringOffset(), read.length());
        IncomingSlice slice = new IncomingSlice(read.ticket(), read.generation(), read.offset(), read.length());
        Optional<Refusal> outside = outside(segment, slice);
        if (outside.isPresent()) {
            refuse(read.sequence(), outside.get(), answers);
            return;
        }
        switch (segment.reads().open(slice, segment.memory())) {
            case ReadGuard.Refused(Refusal refusal) -> refuse(read.sequence(), refusal, answers);
            case ReadGuard.Granted(MemorySegment bytes, Runnable end) -> {
                if (inPlace) {
                    answers.addData(read.sequence(), checksumInPlace(bytes, end), read.length(), NOTHING, () -> {});
                } else if (place == null) {
                    answers.addData(read.sequence(), checksum.of(bytes), read.length(), bytes.asByteBuffer(), end);
                } else {
                    int crc = copyToRing(bytes, end, place);
                    answers.addData(read.sequence(), crc, read.length(), NOTHING, () -> {});
                }
                bytesUnanswered += read.length();
                // DATA settles everything up to it
                ackOwed = false;
                server.counters().slicesRead.increment();
                server.counters().bytesRead.add(read.length());
                server.counted().sent(peerHost(), read.length());
            }
        }
    }

    /** Of memory that the peer copies itself: should it change meanwhile, the checksum of the copy is another one. */
    private int checksumInPlace(MemorySegment bytes, Runnable end) {
        try {
            return checksum.of(bytes);
        } finally {
            end.run();
        }
    }

    private int copyToRing(MemorySegment bytes, Runnable end, MemorySegment place) {
        try {
            place.copyFrom(bytes);
            // not of the copy, which the peer could change
            return checksum.of(bytes);
        } finally {
            end.run();
        }
    }

    private void refuse(long sequence, Refusal refusal, Answers answers) throws IOException {
        server.counters().slicesRefused.increment();
        answers.add(new Frame.Nack(sequence, refusal.code().wireCode(), refusal.sentence()));
    }

    private void answer(Answers answers) throws IOException {
        if (ackOwed) {
            answers.add(new Frame.Ack(lastSequence));
            ackOwed = false;
        }
        answers.flush();
        bytesUnanswered = 0;
    }

    private void progressed(Phase next) {
        progressNanos = server.time().nanoTime();
        phase = next;
    }
}
