package io.yuebing.transfer;

import io.yuebing.transfer.TransferException.Kind;
import java.io.IOException;
import java.nio.channels.Channel;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A session over one or more lanes that share one queue.
 *
 * <p>A lane that breaks is ejected and its work goes to the others; {@link LaneKeeper} opens it again later. The session
 * ends with its last lane.
 */
final class FrameSession implements TransferSession {
    private static final Logger log = LoggerFactory.getLogger(FrameSession.class);

    private final PeerAddress peer;
    private final TransferClientOptions options;
    private final TimeSource time;
    private final Frame.Welcome welcome;
    private final TransferRoute route;
    private final Consumer<FrameSession> onClosed;
    private final TransferQueue queue;
    private final CopyOnWriteArrayList<FrameLane> lanes = new CopyOnWriteArrayList<>();
    private volatile @Nullable LaneKeeper keeper;
    private volatile boolean closed;

    /**
     * @param welcome of the first lane
     */
    FrameSession(
            PeerAddress peer,
            TransferClientOptions options,
            TimeSource time,
            Frame.Welcome welcome,
            TransferRoute route,
            Consumer<FrameSession> onClosed) {
        this.peer = peer;
        this.options = options;
        this.time = time;
        this.welcome = welcome;
        this.route = route;
        this.onClosed = onClosed;
        this.queue = new TransferQueue(time);
    }

    /** Takes up work over a connection. */
    void addLane(int slot, LaneOpening.Opened opened) {
        FrameLane lane = new FrameLane(this, queue, slot, opened, options);
        synchronized (lanes) {
            lanes.add(lane);
        }
        lane.start(peer + "-" + slot);
        if (closed) {
            lane.close();
        }
    }

    void keptBy(LaneKeeper laneKeeper) {
        keeper = laneKeeper;
    }

    @Override
    public PeerAddress peer() {
        return peer;
    }

    @Override
    public TransferRoute route() {
        return route;
    }

    @Override
    public String segment() {
        return welcome.segment();
    }

    @Override
    public byte[] peerHello() {
        return welcome.hello();
    }

    @Override
    public long segmentBytes() {
        return welcome.segmentBytes();
    }

    @Override
    public int maxSliceBytes() {
        return welcome.maxSliceBytes();
    }

    @Override
    public TransferBatch submit(List<? extends Slice> slices, BatchOptions batchOptions) throws TransferException {
        if (slices.isEmpty()) {
            throw new IllegalArgumentException("a batch needs at least one slice");
        }
        for (Slice slice : slices) {
            check(slice);
        }
        return new Pending(queue.add(slices, batchOptions));
    }

    private void check(Slice slice) throws TransferException {
        if (slice.length() < 1 || slice.length() > maxSliceBytes()) {
            throw new TransferException(
                    Kind.ACCESS_REFUSED,
                    peer + " takes slices of 1 to " + maxSliceBytes() + " bytes, this one has " + slice.length());
        }
        if (slice.remoteOffset() < 0 || slice.remoteOffset() > segmentBytes() - slice.length()) {
            throw new TransferException(
                    Kind.ACCESS_REFUSED,
                    "a slice of " + slice.length() + " bytes at offset " + slice.remoteOffset()
                            + " leaves the segment of " + peer + ", which has " + segmentBytes() + " bytes");
        }
    }

    @Override
    public void drop(UUID ticket, long generation) {
        queue.addDrop(ticket, generation);
    }

    @Override
    public long bytesInFlight() {
        return lanes.stream()
                .mapToLong(lane -> queue.bytesInFlight(lane.queueLane()))
                .sum();
    }

    @Override
    public int lanes() {
        return lanes.size();
    }

    /** Whether a lane of this number is open. */
    boolean hasLane(int slot) {
        return lanes.stream().anyMatch(lane -> lane.slot() == slot);
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
        for (FrameLane lane : lanes) {
            if (queue.stalledNanos(lane.queueLane(), nowNanos)
                    > options.stallTimeout().toNanos()) {
                eject(
                        lane,
                        new TransferException(
                                Kind.CONNECTION_LOST,
                                peer + " acknowledged nothing for "
                                        + options.stallTimeout().toMillis() + " ms while "
                                        + queue.bytesInFlight(lane.queueLane())
                                        + " bytes were in flight; the connection is given up"));
            }
        }
        for (QueuedBatch batch : queue.overdue(nowNanos)) {
            end(batch, new TransferException(Kind.TIMED_OUT, "a batch for " + peer + " was not done by its deadline"));
        }
        LaneKeeper kept = keeper;
        if (kept != null && !closed) {
            kept.reopen(nowNanos);
        }
    }

    private void end(QueuedBatch batch, TransferException why) {
        if (queue.cancel(batch, why, TransferQueue.CANCEL_GRACE)) {
            return;
        }
        // the peer does not read: half a frame is out, only the end of the connection stops it
        for (FrameLane lane : lanes) {
            if (queue.touches(lane.queueLane(), batch)) {
                eject(
                        lane,
                        new TransferException(
                                Kind.CONNECTION_LOST,
                                "the connection to " + peer
                                        + " was given up: a batch had to end and the peer does not read"));
            }
        }
        queue.awaitUntouched(batch);
    }

    void laneLost(FrameLane lane, IOException cause) {
        String sentence = cause instanceof ProtocolException
                ? "the connection to " + peer + " was given up: it sent " + cause.getMessage()
                : "the connection to " + peer + " was lost (" + reason(cause) + ") with "
                        + queue.bytesInFlight(lane.queueLane()) + " bytes unacknowledged";
        eject(lane, new TransferException(Kind.CONNECTION_LOST, sentence, cause));
    }

    private void eject(FrameLane lane, TransferException cause) {
        TransferException why = lane.firstReason(cause);
        boolean mine;
        boolean last;
        synchronized (lanes) {
            last = lanes.size() == 1 && lanes.contains(lane);
            // the last one stays until its session has ended with it
            mine = lanes.contains(lane);
            LaneKeeper kept = keeper;
            if (mine && !last) {
                if (kept != null) { // before others see it gone and want another one
                    kept.ejected(lane.slot(), time.nanoTime());
                }
                lanes.remove(lane);
            }
        }
        lane.close();
        if (last) {
            shutdown(why);
        } else if (mine && !closed) {
            log.info("lane {} of {} is ejected, its work goes to the others: {}", lane.slot(), peer, why.getMessage());
            queue.requeue(lane.queueLane());
        }
    }

    private void shutdown(TransferException why) {
        if (queue.close(why)) {
            closed = true;
            lanes.forEach(FrameLane::close);
            onClosed.accept(this);
        }
        // also when another thread closes at the same time: nobody returns from here while memory is touched
        queue.failAll();
        lanes.clear();
    }

    static String reason(IOException cause) {
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
        private final QueuedBatch batch;

        private Pending(QueuedBatch batch) {
            this.batch = batch;
        }

        @Override
        public CompletableFuture<Void> done() {
            return batch.done();
        }

        @Override
        public void cancel() {
            end(batch, new TransferException(Kind.CANCELLED, "the batch for " + peer + " was cancelled"));
        }
    }
}
