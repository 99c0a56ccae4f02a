package io.yuebing.transfer.mooncake;

import io.yuebing.transfer.BatchOptions;
import io.yuebing.transfer.PeerAddress;
import io.yuebing.transfer.Slice;
import io.yuebing.transfer.TimeSource;
import io.yuebing.transfer.TransferBatch;
import io.yuebing.transfer.TransferClientOptions;
import io.yuebing.transfer.TransferException;
import io.yuebing.transfer.TransferException.Kind;
import io.yuebing.transfer.TransferRoute;
import io.yuebing.transfer.TransferSession;
import io.yuebing.transfer.mooncake.MooncakeQueue.Batch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A session with a segment of Mooncake's: its buffers, one after the other in the order of the descriptor, are the bytes of
 * the segment.
 */
final class MooncakeSession implements TransferSession {
    private static final int MAX_SLICE_BYTES = 64 << 20;
    private static final Duration CANCEL_GRACE = Duration.ofMillis(50);

    private final PeerAddress daemon;
    private final SegmentDescriptor descriptor;
    private final TransferRoute route;
    private final TransferClientOptions options;
    private final HandshakeClient handshakes;
    private final TimeSource time;
    private final Consumer<MooncakeSession> onClosed;
    private final MooncakeQueue queue = new MooncakeQueue();
    private final List<MooncakeLane> lanes = new ArrayList<>();
    private volatile boolean closed;

    MooncakeSession(
            PeerAddress daemon,
            SegmentDescriptor descriptor,
            TransferRoute route,
            TransferClientOptions options,
            HandshakeClient handshakes,
            TimeSource time,
            Consumer<MooncakeSession> onClosed) {
        this.daemon = daemon;
        this.descriptor = descriptor;
        this.route = route;
        this.options = options;
        this.handshakes = handshakes;
        this.time = time;
        this.onClosed = onClosed;
    }

    void start() {
        PeerAddress data = new PeerAddress(daemon.host(), descriptor.dataPort());
        for (int i = 0; i < options.lanes(); i++) {
            lanes.add(new MooncakeLane(this, queue, data, descriptor, options, i, time));
        }
        lanes.forEach(MooncakeLane::start);
    }

    @Override
    public PeerAddress peer() {
        return daemon;
    }

    @Override
    public TransferRoute route() {
        return route;
    }

    @Override
    public int lanes() {
        return closed ? 0 : lanes.size();
    }

    @Override
    public String segment() {
        return descriptor.name();
    }

    /** The segment's descriptor, as JSON. */
    @Override
    public byte[] peerHello() {
        return descriptor.toJson().toString().getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public long segmentBytes() {
        return descriptor.bytes();
    }

    /** A limit of this side; the peer has none. */
    @Override
    public int maxSliceBytes() {
        return MAX_SLICE_BYTES;
    }

    @Override
    public TransferBatch submit(List<? extends Slice> slices, BatchOptions batchOptions) throws TransferException {
        if (slices.isEmpty()) {
            throw new IllegalArgumentException("a batch needs at least one slice");
        }
        for (Slice slice : slices) {
            check(slice);
        }
        return new Pending(queue.add(slices, batchOptions, text(batchOptions.notice()), time.nanoTime()));
    }

    private void check(Slice slice) throws TransferException {
        if (!slice.ticket().equals(Slice.NO_TICKET)) {
            throw new TransferException(
                    Kind.ACCESS_REFUSED,
                    "ticket " + slice.ticket() + " cannot be shown to " + daemon
                            + ": Mooncake's protocol has no tickets; use the protocol tcp");
        }
        if (slice.length() < 1 || slice.length() > MAX_SLICE_BYTES) {
            throw new TransferException(
                    Kind.ACCESS_REFUSED,
                    "slices of 1 to " + MAX_SLICE_BYTES + " bytes are possible, this one has " + slice.length());
        }
        if (slice.remoteOffset() < 0 || slice.remoteOffset() > segmentBytes() - slice.length()) {
            throw new TransferException(
                    Kind.ACCESS_REFUSED,
                    "a slice of " + slice.length() + " bytes at offset " + slice.remoteOffset()
                            + " leaves the segment of " + daemon + ", which has " + segmentBytes() + " bytes");
        }
    }

    private @Nullable String text(byte[] notice) throws TransferException {
        if (notice.length == 0) {
            return null;
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(notice))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new TransferException(
                    Kind.ACCESS_REFUSED,
                    "a notice for " + daemon + " has to be UTF-8 text with Mooncake's protocol",
                    e);
        }
    }

    /** Delivers a notice. */
    void tell(String message) throws TransferException {
        try {
            handshakes.notify(daemon, "", message);
        } catch (IOException e) {
            throw new TransferException(
                    Kind.CONNECTION_LOST, "a notice did not reach " + daemon + ": " + e.getMessage(), e);
        }
    }

    /** Does nothing: there are no tickets to give up. */
    @Override
    public void drop(UUID ticket, long generation) {
        // see above
    }

    @Override
    public long bytesInFlight() {
        return queue.bytesTaken();
    }

    @Override
    public boolean isOpen() {
        return !closed;
    }

    @Override
    public void close() {
        shutdown(new TransferException(Kind.CANCELLED, "the transfer session with " + daemon + " was closed here"));
    }

    /** The peer cannot be reached any more. */
    void lost(TransferException why) {
        shutdown(why);
    }

    /** Whether there is no point in going on with a batch. */
    boolean ended(@Nullable Batch batch) {
        return closed || (batch != null && queue.failed(batch));
    }

    /** Ends what has taken too long. */
    void checkDeadlines(long nowNanos) {
        for (MooncakeLane lane : lanes) {
            if (lane.stalledNanos(nowNanos) > options.stallTimeout().toNanos()) {
                shutdown(new TransferException(
                        Kind.CONNECTION_LOST,
                        daemon + " moved nothing for " + options.stallTimeout().toMillis()
                                + " ms in the middle of an access; the session is given up"));
                return;
            }
        }
        for (Batch batch : queue.overdue(nowNanos)) {
            end(
                    batch,
                    new TransferException(Kind.TIMED_OUT, "a batch for " + daemon + " was not done by its deadline"));
        }
    }

    private void end(Batch batch, TransferException why) {
        if (!queue.cancel(batch, why, CANCEL_GRACE)) {
            lanes.stream().filter(lane -> lane.carries(batch)).forEach(MooncakeLane::interruptAccess);
            queue.awaitUntouched(batch);
        }
    }

    private void shutdown(TransferException why) {
        closed = true;
        queue.close(why);
        lanes.forEach(MooncakeLane::interruptAccess);
        queue.awaitUntouched();
        onClosed.accept(this);
    }

    /** A batch as its owner sees it. */
    private final class Pending implements TransferBatch {
        private final Batch batch;

        private Pending(Batch batch) {
            this.batch = batch;
        }

        @Override
        public CompletableFuture<Void> done() {
            return batch.done;
        }

        @Override
        public void cancel() {
            end(batch, new TransferException(Kind.CANCELLED, "the batch for " + daemon + " was cancelled"));
        }
    }
}
