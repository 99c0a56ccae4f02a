package io.yuebing.transfer;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;

/**
 * The receiving end of one TCP connection.
 *
 * <p>A payload is complete and its checksum verified in the receive buffer before the segment's guard sees it, and
 * acknowledged after the guard has applied it. One ACK covers all writes that arrived together.
 */
final class TcpServerConnection {
    private static final int MIN_RECEIVE_BYTES = 512 << 10;
    private static final int ANSWER_BYTES = 16 << 10;
    private static final int LARGEST_ANSWER = FrameDescriptor.NACK_SENTENCE_OFFSET + FrameDescriptor.MAX_SENTENCE_BYTES;

    /** What the connection is doing, for its deadline. */
    private enum Phase {
        HANDSHAKE,
        IDLE,
        MID_FRAME,
        ANSWERING
    }

    private final SocketChannel channel;
    private final TcpTransferServer server;
    private final String peerHost;
    private final Thread thread;
    private final ByteBuffer answers = ByteBuffer.allocate(ANSWER_BYTES);

    private volatile Phase phase = Phase.HANDSHAKE;
    private volatile long progressNanos;
    private volatile boolean stopped;
    private long lastSequence;
    private boolean ackOwed;

    TcpServerConnection(SocketChannel channel, TcpTransferServer server) throws IOException {
        this.channel = channel;
        this.server = server;
        this.progressNanos = server.time().nanoTime();
        this.peerHost = channel.getRemoteAddress() instanceof InetSocketAddress remote
                ? remote.getAddress().getHostAddress()
                : "unknown";
        this.thread = Thread.ofVirtual().name("transfer-receive-" + peerHost).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    String peerHost() {
        return peerHost;
    }

    void stop() {
        stopped = true;
        TcpTransferSession.closeQuietly(channel);
    }

    void join(Duration patience) throws InterruptedException {
        thread.join(patience);
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
                            peerHost,
                            "nothing moved for " + limit.toMillis() + " ms in phase " + phase + ", disconnected");
        }
        stop();
    }

    private void run() {
        try (channel;
                Arena memory = Arena.ofConfined()) {
            FrameInput input = new FrameInput(
                    channel,
                    memory.allocate(FrameDescriptor.MAX_CONTROL_FRAME_BYTES, 64).asByteBuffer(),
                    FrameDescriptor.MAX_CONTROL_FRAME_BYTES);
            Optional<Segment> segment = handshake(input);
            if (segment.isPresent()) {
                receive(segment.get(), input, memory);
            }
        } catch (ProtocolException e) {
            server.counters().protocolErrors.increment();
            server.complaints().log(peerHost, "sent " + e.getMessage() + "; disconnected");
        } catch (EOFException _) {
            // the peer has finished
        } catch (IOException e) {
            if (!stopped) {
                server.complaints().log(peerHost, "connection lost: " + e.getMessage());
            }
        } catch (RuntimeException e) {
            server.complaints().log(peerHost, "receiving failed, disconnected: " + e);
        } finally {
            stopped = true;
            server.ended(this);
        }
    }

    /** Introduces both sides; empty if the peer was turned away. */
    private Optional<Segment> handshake(FrameInput input) throws IOException {
        Frame first;
        try {
            first = input.next();
        } catch (ProtocolException e) {
            tellWhy(e);
            throw e;
        }
        if (!(first instanceof Frame.Hello hello)) {
            throw new ProtocolException("a frame of type " + first.type() + " before its HELLO");
        }
        Optional<Segment> segment = server.segment(hello.segment());
        Optional<String> refusal = segment.isEmpty()
                ? Optional.of("there is no segment '" + hello.segment() + "' here")
                : segment.get().greeting().refuse(hello.hello()).or(() -> server.establish(this));
        if (refusal.isPresent()) {
            server.counters().turnedAway.increment();
            server.complaints().log(peerHost, "turned away: " + refusal.get());
            send(new Frame.Refuse(refusal.get()));
            return Optional.empty();
        }
        TransferServerOptions options = server.options();
        // Before the peer knows: a WELCOME fits into any socket buffer, and after it the peer may be silent for long.
        progressed(Phase.IDLE);
        send(new Frame.Welcome(
                options.windowBytes(),
                segment.get().memory().byteSize(),
                options.maxSliceBytes(),
                segment.get().greeting().hello()));
        return segment;
    }

    /** A peer of another release learns what is wrong; one that sends nonsense does not listen. */
    private void tellWhy(ProtocolException why) {
        try {
            send(new Frame.Refuse("the transfer server expected a HELLO and found " + why.getMessage()));
        } catch (IOException e) {
            why.addSuppressed(e);
        }
    }

    private void receive(Segment segment, FrameInput handshakeInput, Arena memory) throws IOException {
        int maxFrame = FrameDescriptor.SLICE_PAYLOAD_OFFSET + server.options().maxSliceBytes();
        int capacity = Math.max(MIN_RECEIVE_BYTES, Math.max(maxFrame, FrameDescriptor.MAX_CONTROL_FRAME_BYTES));
        ByteBuffer buffer = memory.allocate(capacity, 64).asByteBuffer();
        FrameInput input = new FrameInput(handshakeInput, buffer, Math.max(maxFrame, FrameDescriptor.DROP_BYTES));
        while (!stopped) {
            Frame frame = input.poll();
            if (frame == null) {
                answer();
                awaitingMore(input.midFrame());
                input.read();
            } else {
                handle(segment, frame);
            }
        }
    }

    private void handle(Segment segment, Frame frame) throws IOException {
        switch (frame) {
            case Frame.Slice slice -> {
                inOrder(slice.sequence());
                Optional<Refusal> refusal = apply(segment, slice);
                if (refusal.isPresent()) {
                    server.counters().slicesRefused.increment();
                    refuse(slice.sequence(), refusal.get());
                } else {
                    server.counters().slicesReceived.increment();
                    server.counters().bytesReceived.add(slice.payload().remaining());
                }
            }
            case Frame.Drop drop -> {
                inOrder(drop.sequence());
                segment.writes().dropped(drop.ticket(), drop.generation());
            }
            case Frame other -> throw new ProtocolException("a frame of type " + other.type() + " after its HELLO");
        }
        ackOwed = true;
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
            throw new ProtocolException("write number " + sequence + " after number " + lastSequence);
        }
        lastSequence = sequence;
    }

    private Optional<Refusal> apply(Segment segment, Frame.Slice slice) {
        int length = slice.payload().remaining();
        int found = FrameDescriptor.crc32c(slice.payload());
        if (found != slice.payloadCrc()) {
            server.counters().checksumFailures.increment();
            server.complaints().log(peerHost, "a slice arrived damaged");
            return Optional.of(new Refusal(
                    RefusalCode.CHECKSUM_MISMATCH,
                    "%d bytes for offset %d of ticket %s arrived damaged: CRC32C expected 0x%08x, found 0x%08x"
                            .formatted(length, slice.offset(), slice.ticket(), slice.payloadCrc(), found)));
        }
        long segmentBytes = segment.memory().byteSize();
        if (slice.offset() < 0 || slice.offset() > segmentBytes - length) {
            return Optional.of(new Refusal(
                    RefusalCode.OUTSIDE_RESERVATION,
                    length + " bytes at offset " + slice.offset() + " of ticket " + slice.ticket()
                            + " leave the segment '" + segment.name() + "', which has " + segmentBytes + " bytes"));
        }
        return segment.writes()
                .apply(
                        new IncomingSlice(slice.ticket(), slice.generation(), slice.offset(), length),
                        MemorySegment.ofBuffer(slice.payload()),
                        segment.memory());
    }

    private void refuse(long sequence, Refusal refusal) throws IOException {
        if (answers.remaining() < LARGEST_ANSWER) {
            flush();
        }
        answers.put(FrameCodec.encode(new Frame.Nack(sequence, refusal.code().wireCode(), refusal.sentence())));
    }

    private void answer() throws IOException {
        if (!ackOwed) {
            return;
        }
        if (answers.remaining() < FrameDescriptor.ACK_BYTES) {
            flush();
        }
        answers.put(FrameCodec.encode(new Frame.Ack(lastSequence)));
        ackOwed = false;
        flush();
    }

    private void flush() throws IOException {
        progressed(Phase.ANSWERING);
        answers.flip();
        while (answers.hasRemaining()) {
            channel.write(answers);
            progressed(Phase.ANSWERING);
        }
        answers.clear();
    }

    private void send(Frame frame) throws IOException {
        ByteBuffer bytes = FrameCodec.encode(frame);
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private void progressed(Phase next) {
        progressNanos = server.time().nanoTime();
        phase = next;
    }
}
