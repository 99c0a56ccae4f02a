package io.yuebing.transfer;

import static io.yuebing.transfer.FrameDescriptor.SLICE_PAYLOAD_OFFSET;

import io.yuebing.transfer.TransferException.Kind;
import io.yuebing.transfer.WriteQueue.Outgoing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The writing end of one TCP connection: a thread that sends, a thread that reads acknowledgements.
 *
 * <p>Payloads go from their off-heap memory to the socket in gathering writes of many slices.
 */
final class TcpTransferSession implements TransferSession {
    /** Slices of one gathering write; with their headers well below the kernel's limit of 1024 buffers. */
    private static final int BURST_SLICES = 64;

    private static final long BURST_BYTES = 1 << 20;

    private final SocketChannel channel;
    private final PeerAddress peer;
    private final TransferClientOptions options;
    private final TimeSource time;
    private final Consumer<TcpTransferSession> onClosed;
    private final WriteQueue queue;
    private final long connectedNanos;
    private final FrameInput input;

    private String segment = "";
    private volatile Frame.@Nullable Welcome welcome;
    private volatile boolean closed;

    TcpTransferSession(
            SocketChannel channel,
            PeerAddress peer,
            TransferClientOptions options,
            TimeSource time,
            Consumer<TcpTransferSession> onClosed) {
        this.channel = channel;
        this.peer = peer;
        this.options = options;
        this.time = time;
        this.onClosed = onClosed;
        this.queue = new WriteQueue(time, options.windowBytes());
        this.connectedNanos = time.nanoTime();
        this.input = new FrameInput(
                channel,
                ByteBuffer.allocateDirect(FrameDescriptor.MAX_CONTROL_FRAME_BYTES),
                FrameDescriptor.MAX_CONTROL_FRAME_BYTES);
    }

    /** Introduces both sides; the session is usable when this returns. */
    void handshake(String segmentName, Greeting greeting) throws TransferException {
        this.segment = segmentName;
        try {
            writeFully(FrameCodec.encode(new Frame.Hello(segmentName, greeting.hello())));
            switch (input.next()) {
                case Frame.Welcome accepted -> {
                    refuseUnless(greeting.refuse(accepted.hello()));
                    queue.limitWindow(accepted.windowBytes());
                    welcome = accepted;
                }
                case Frame.Refuse refused ->
                    throw new TransferException(Kind.HANDSHAKE_REFUSED, peer + " refused: " + refused.sentence());
                case Frame other ->
                    throw new ProtocolException("expected WELCOME, found a frame of type " + other.type());
            }
        } catch (ProtocolException e) {
            throw new TransferException(
                    Kind.HANDSHAKE_REFUSED, peer + " is no transfer server of this release: it sent " + e.getMessage());
        } catch (TransferException e) {
            throw e;
        } catch (IOException e) {
            throw queue.whyClosed()
                    .orElseGet(() -> new TransferException(
                            Kind.CONNECT_FAILED,
                            "no handshake with the transfer port of " + peer + ": " + reason(e),
                            e));
        }
        Thread.ofVirtual().name("transfer-send-" + peer).start(this::send);
        Thread.ofVirtual().name("transfer-acks-" + peer).start(this::readAcks);
    }

    private void refuseUnless(Optional<String> refusal) throws TransferException {
        if (refusal.isPresent()) {
            throw new TransferException(Kind.HANDSHAKE_REFUSED, refusal.get());
        }
    }

    @Override
    public PeerAddress peer() {
        return peer;
    }

    @Override
    public String protocol() {
        return "tcp";
    }

    @Override
    public String segment() {
        return segment;
    }

    @Override
    public byte[] peerHello() {
        return welcomed().hello();
    }

    @Override
    public long segmentBytes() {
        return welcomed().segmentBytes();
    }

    @Override
    public int maxSliceBytes() {
        return welcomed().maxSliceBytes();
    }

    private Frame.Welcome welcomed() {
        Frame.Welcome accepted = welcome;
        if (accepted == null) {
            throw new IllegalStateException("used before the handshake");
        }
        return accepted;
    }

    @Override
    public TransferBatch submit(List<? extends Slice> slices, BatchOptions options) throws TransferException {
        if (slices.isEmpty()) {
            throw new IllegalArgumentException("a batch needs at least one slice");
        }
        List<SliceWrite> writes = new ArrayList<>(slices.size());
        for (Slice slice : slices) {
            switch (slice) {
                case SliceWrite write -> writes.add(write);
                case SliceRead _ -> throw new TransferException(Kind.WRITE_REFUSED, peer + " lets nobody read");
            }
            if (slice.length() < 1 || slice.length() > maxSliceBytes()) {
                throw new TransferException(
                        Kind.WRITE_REFUSED,
                        peer + " takes slices of 1 to " + maxSliceBytes() + " bytes, this one has " + slice.length());
            }
            if (slice.remoteOffset() < 0 || slice.remoteOffset() > segmentBytes() - slice.length()) {
                throw new TransferException(
                        Kind.WRITE_REFUSED,
                        "a slice of " + slice.length() + " bytes at offset " + slice.remoteOffset()
                                + " leaves the segment of " + peer + ", which has " + segmentBytes() + " bytes");
            }
        }
        return new Pending(queue.add(writes, options.timeout()));
    }

    @Override
    public void drop(UUID ticket, long generation) {
        queue.addDrop(ticket, generation);
    }

    @Override
    public long bytesInFlight() {
        return queue.bytesInFlight();
    }

    @Override
    public boolean isOpen() {
        return !closed;
    }

    @Override
    public void close() {
        shutdown(new TransferException(Kind.CANCELLED, "the transfer session with " + peer + " was closed here"));
    }

    /** Ends what has taken too long. */
    void checkDeadlines(long nowNanos) {
        if (welcome == null) {
            if (nowNanos - connectedNanos > options.connectTimeout().toNanos()) {
                shutdown(new TransferException(
                        Kind.CONNECT_FAILED,
                        peer + " did not answer the handshake within "
                                + options.connectTimeout().toMillis() + " ms"));
            }
            return;
        }
        if (queue.stalledNanos(nowNanos) > options.stallTimeout().toNanos()) {
            shutdown(new TransferException(
                    Kind.CONNECTION_LOST,
                    peer + " acknowledged nothing for " + options.stallTimeout().toMillis() + " ms while "
                            + queue.bytesInFlight() + " bytes were in flight; the connection is given up"));
        }
        for (WriteQueue.Batch batch : queue.overdue(nowNanos)) {
            end(batch, new TransferException(Kind.TIMED_OUT, "a write to " + peer + " was not done by its deadline"));
        }
    }

    private void end(WriteQueue.Batch batch, TransferException why) {
        if (!queue.cancel(batch, why, WriteQueue.CANCEL_GRACE)) {
            // the peer does not read: half a frame is out, only the end of the connection stops it
            shutdown(new TransferException(
                    Kind.CONNECTION_LOST,
                    "the connection to " + peer + " was given up: a write had to end and the peer does not read"));
        }
    }

    private void shutdown(TransferException why) {
        if (queue.close(why)) {
            closed = true;
            closeQuietly(channel);
            onClosed.accept(this);
        }
        // also when another thread closes at the same time: nobody returns from here while memory is read
        queue.failAll();
    }

    private void send() {
        ByteBuffer headers =
                ByteBuffer.allocateDirect(BURST_SLICES * SLICE_PAYLOAD_OFFSET).order(ByteOrder.LITTLE_ENDIAN);
        try {
            while (true) {
                List<Outgoing> burst = queue.next(BURST_SLICES, BURST_BYTES);
                if (burst.isEmpty()) {
                    return;
                }
                try {
                    writeFully(frames(burst, headers));
                } finally {
                    queue.sent(burst);
                }
            }
        } catch (IOException e) {
            lost(e);
        } catch (RuntimeException e) {
            lost(new IOException("sending failed: " + e, e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            lost(new IOException("interrupted", e));
        }
    }

    private static ByteBuffer[] frames(List<Outgoing> burst, ByteBuffer headers) {
        ByteBuffer[] buffers = new ByteBuffer[2 * burst.size()];
        for (int i = 0; i < burst.size(); i++) {
            Outgoing outgoing = burst.get(i);
            switch (outgoing.item()) {
                case WriteQueue.Slice(WriteQueue.Batch _, SliceWrite write) -> {
                    ByteBuffer payload = write.local().asByteBuffer();
                    ByteBuffer header = headers.slice(i * SLICE_PAYLOAD_OFFSET, SLICE_PAYLOAD_OFFSET)
                            .order(ByteOrder.LITTLE_ENDIAN);
                    FrameCodec.putSliceHeader(
                            header,
                            outgoing.sequence(),
                            new IncomingSlice(
                                    write.ticket(), write.generation(), write.remoteOffset(), payload.remaining()),
                            FrameDescriptor.crc32c(payload));
                    buffers[2 * i] = header;
                    buffers[2 * i + 1] = payload;
                }
                case WriteQueue.Drop(UUID ticket, long generation) -> {
                    buffers[2 * i] = FrameCodec.encode(new Frame.Drop(outgoing.sequence(), ticket, generation));
                    buffers[2 * i + 1] = ByteBuffer.allocate(0);
                }
            }
        }
        return buffers;
    }

    private void writeFully(ByteBuffer... buffers) throws IOException {
        int first = 0;
        while (first < buffers.length) {
            channel.write(buffers, first, buffers.length - first);
            while (first < buffers.length && !buffers[first].hasRemaining()) {
                first++;
            }
        }
    }

    private void readAcks() {
        try {
            while (true) {
                switch (input.next()) {
                    case Frame.Ack ack -> queue.acknowledged(ack.sequence());
                    case Frame.Nack nack ->
                        queue.refused(
                                nack.sequence(),
                                TransferException.refused(
                                        peer,
                                        RefusalCode.ofWireCode(nack.code()).orElse(null),
                                        nack.sentence()));
                    case Frame.Refuse refuse -> throw new ProtocolException("the farewell: " + refuse.sentence());
                    case Frame other ->
                        throw new ProtocolException("expected ACK or NACK, found a frame of type " + other.type());
                }
            }
        } catch (IOException e) {
            lost(e);
        }
    }

    private void lost(IOException cause) {
        String sentence = cause instanceof ProtocolException
                ? "the connection to " + peer + " was given up: it sent " + cause.getMessage()
                : "the connection to " + peer + " was lost (" + reason(cause) + ") with " + queue.bytesInFlight()
                        + " bytes unacknowledged";
        shutdown(new TransferException(Kind.CONNECTION_LOST, sentence, cause));
    }

    private static String reason(IOException cause) {
        String message = cause.getMessage();
        return message == null ? cause.getClass().getSimpleName() : message;
    }

    static void closeQuietly(@Nullable Channel channel) {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException _) {
                // nothing more can be done with it, and nobody waits for it
            }
        }
    }

    /** A batch as its owner sees it. */
    private final class Pending implements TransferBatch {
        private final WriteQueue.Batch batch;

        private Pending(WriteQueue.Batch batch) {
            this.batch = batch;
        }

        @Override
        public CompletableFuture<Void> done() {
            return batch.done();
        }

        @Override
        public void cancel() {
            end(batch, new TransferException(Kind.CANCELLED, "the write to " + peer + " was cancelled"));
        }
    }
}
