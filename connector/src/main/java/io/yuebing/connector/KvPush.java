package io.yuebing.connector;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.KvTransferParams;
import io.yuebing.api.ServiceException;
import io.yuebing.engine.BlockHold;
import io.yuebing.engine.KvSink;
import io.yuebing.kv.KvAxis;
import io.yuebing.kv.KvLayout;
import io.yuebing.transfer.BatchOptions;
import io.yuebing.transfer.PeerAddress;
import io.yuebing.transfer.SliceWrite;
import io.yuebing.transfer.TransferBatch;
import io.yuebing.transfer.TransferException;
import io.yuebing.transfer.TransferException.Kind;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The push of one prompt's KV cache into one reservation.
 *
 * <p>The engine thread only leaves events; a virtual thread of the push handles them one after the other, so all fields
 * without a lock belong to that thread. The queue is bounded by layers times blocks of the prompt. What was sent and not
 * acknowledged when a connection breaks is sent again over a new one: slices land in the same place however often they
 * are repeated.
 */
public final class KvPush implements KvSink {
    private static final Logger log = LoggerFactory.getLogger(KvPush.class);

    private final KvPusher pusher;
    private final PeerAddress peer;
    private final UUID ticket;
    private final KvTransferParams target;
    private final Consumer<ServiceException> onFailure;
    private final long blockBytes;
    private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();

    // of the push's thread
    private final ArrayDeque<Chunk> waiting = new ArrayDeque<>();
    private int unfinished;
    private long outstandingBytes;
    private boolean promptWritten;
    private long firstAnnouncedNanos;
    private long promptWrittenNanos;

    // guarded by lock
    private final Object lock = new Object();
    private final Set<TransferBatch> batches = new HashSet<>();
    private boolean stopped;
    private boolean finished;
    private @Nullable BlockHold hold;

    private volatile @Nullable ServiceException failure;
    private volatile boolean completed;

    private sealed interface Event {
        /** Blocks of the engine from index {@code first} of the prompt on are final in a layer. */
        @SuppressWarnings("ArrayRecordComponent") // never compared
        record Announced(int layer, int first, int[] blockIds) implements Event {}

        record PromptWritten(int tokens) implements Event {}

        record ChunkEnded(
                Chunk chunk,
                BlockFeed.Blocks blocks,
                TransferBatch batch,
                @Nullable Throwable error) implements Event {}

        /** {@code why} is null if the engine wants it so. */
        record Stop(@Nullable TransferException why) implements Event {}
    }

    /**
     * Blocks of the receiver that are sent together.
     *
     * @param attempt 1, 2, ...
     */
    private record Chunk(BlockFeed.Piece piece, int attempt) {
        Chunk again() {
            return new Chunk(piece, attempt + 1);
        }
    }

    private enum Outcome {
        COMPLETED,
        ABORTED,
        FAILED
    }

    KvPush(
            KvPusher pusher,
            PeerAddress peer,
            UUID ticket,
            KvTransferParams target,
            Consumer<ServiceException> onFailure) {
        this.pusher = pusher;
        this.peer = peer;
        this.ticket = ticket;
        this.target = target;
        this.onFailure = onFailure;
        this.blockBytes = pusher.cache().layout().blockBytes();
    }

    void start() {
        Thread.ofVirtual().name("kv-push-" + ticket).start(this::run);
    }

    /** Why the push failed, if it did; known before the engine's hold ends with it. */
    public Optional<ServiceException> failure() {
        return Optional.ofNullable(failure);
    }

    @Override
    public void layerWritten(int layer, int[] blockIds, int fromBlock, int toBlock) {
        events.add(new Event.Announced(layer, fromBlock, Arrays.copyOfRange(blockIds, fromBlock, toBlock)));
    }

    @Override
    public void promptWritten(BlockHold held) {
        synchronized (lock) {
            if (!finished) {
                hold = held;
                events.add(new Event.PromptWritten(held.tokens()));
                return;
            }
        }
        letGo(held);
    }

    @Override
    public void aborted() {
        // first the reason, then its consequence: cancelled writes look like failures
        events.add(new Event.Stop(null));
        stopReading();
    }

    /** Ends the push as failed; the cache is no longer read for it once this returns. */
    void stop(String why) {
        events.add(new Event.Stop(new TransferException(Kind.CANCELLED, why)));
        stopReading();
    }

    void checkDeadline(long nowMillis) {
        if (nowMillis >= target.deadlineMillis()) {
            events.add(new Event.Stop(new TransferException(
                    Kind.TIMED_OUT, "the reservation's deadline passed before every block was acknowledged")));
        }
    }

    /** The cache is no longer read for this push once this returns. */
    private void stopReading() {
        List<TransferBatch> open;
        synchronized (lock) {
            stopped = true;
            open = List.copyOf(batches);
        }
        open.forEach(TransferBatch::cancel);
    }

    private void run() {
        Outcome outcome = Outcome.FAILED;
        try {
            KvLayout remote = pusher.sessions().open(peer).layout();
            try (BlockFeed feed = new BlockFeed(
                    pusher.cache(), remote, target, pusher.options().transferType(), pusher.conversions())) {
                try {
                    outcome = deliver(feed);
                } finally {
                    stopReading();
                }
            }
        } catch (TransferException e) {
            outcome = endedBy(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            fail("the push was interrupted");
        } catch (RuntimeException e) {
            log.error("push {} to {} failed unexpectedly", ticket, peer, e);
            fail("an unexpected " + e);
        } finally {
            end(outcome);
        }
    }

    /** Somebody who wanted the end is its reason, whatever broke on the way to it. */
    private Outcome endedBy(TransferException failed) {
        for (Event event : events) {
            if (event instanceof Event.Stop(TransferException why)) {
                if (why == null) {
                    return Outcome.ABORTED;
                }
                fail(why.getMessage());
                return Outcome.FAILED;
            }
        }
        fail(failed.getMessage());
        return Outcome.FAILED;
    }

    private Outcome deliver(BlockFeed feed) throws TransferException, InterruptedException {
        while (!promptWritten || unfinished > 0) {
            switch (events.take()) {
                case Event.Announced(int layer, int first, int[] blockIds) ->
                    addAll(feed.written(layer, first, blockIds));
                case Event.PromptWritten(int tokens) -> {
                    addAll(feed.complete(tokens));
                    promptWritten = true;
                    promptWrittenNanos = pusher.time().nanoTime();
                }
                case Event.ChunkEnded ended -> settle(ended, feed);
                case Event.Stop(TransferException why) -> {
                    if (why == null) {
                        return Outcome.ABORTED;
                    }
                    throw why;
                }
            }
            sendWaiting(feed);
        }
        pusher.counters().reusedBytes.add(feed.cachedBytes());
        return Outcome.COMPLETED;
    }

    private void addAll(List<BlockFeed.Piece> pieces) {
        if (!pieces.isEmpty() && firstAnnouncedNanos == 0) {
            firstAnnouncedNanos = pusher.time().nanoTime();
        }
        unfinished += pieces.size();
        pieces.forEach(piece -> waiting.add(new Chunk(piece, 1)));
    }

    private void settle(Event.ChunkEnded ended, BlockFeed feed) throws TransferException {
        synchronized (lock) {
            batches.remove(ended.batch());
        }
        feed.giveBack(ended.blocks());
        Chunk chunk = ended.chunk();
        long bytes = bytes(chunk, feed);
        outstandingBytes -= bytes;
        if (ended.error() == null) {
            unfinished--;
            pusher.counters().slices.add(chunk.piece().count());
            pusher.counters().bytes.add(bytes);
            pusher.counted().sent(peer.toString(), bytes);
        } else {
            retry(chunk, asTransferException(ended.error()));
        }
    }

    private void retry(Chunk chunk, TransferException why) throws TransferException {
        if (!why.retryable() || chunk.attempt() >= pusher.options().sliceAttempts()) {
            throw why;
        }
        pusher.counters().retries.increment();
        log.debug(
                "push {} sends blocks of layer {} again: {}",
                ticket,
                chunk.piece().layer(),
                why.getMessage());
        waiting.addFirst(chunk.again());
    }

    private void sendWaiting(BlockFeed feed) throws TransferException {
        while (!waiting.isEmpty()
                && (outstandingBytes == 0
                        || outstandingBytes + bytes(waiting.getFirst(), feed)
                                <= pusher.options().maxOutstandingBytes())) {
            Chunk chunk = waiting.removeFirst();
            PeerSessions.Peer to = pusher.sessions().open(peer);
            try {
                send(chunk, to, feed);
            } catch (TransferException e) {
                // the session broke between these two lines
                retry(chunk, e);
            }
        }
    }

    private void send(Chunk chunk, PeerSessions.Peer to, BlockFeed feed) throws TransferException {
        BlockFeed.Blocks blocks;
        TransferBatch batch;
        synchronized (lock) {
            if (stopped) {
                return;
            }
            blocks = feed.blocks(chunk.piece());
            try {
                batch = to.session().submit(writes(chunk, to, blocks), BatchOptions.within(timeLeft()));
            } catch (TransferException e) {
                feed.giveBack(blocks);
                throw e;
            }
            batches.add(batch);
        }
        outstandingBytes += bytes(chunk, feed);
        batch.done().whenComplete((_, error) -> events.add(new Event.ChunkEnded(chunk, blocks, batch, error)));
    }

    private List<SliceWrite> writes(Chunk chunk, PeerSessions.Peer to, BlockFeed.Blocks blocks) {
        List<SliceWrite> writes = new ArrayList<>(chunk.piece().count());
        for (int i = 0; i < chunk.piece().count(); i++) {
            int remoteBlock = target.remoteBlockIds().get(chunk.piece().first() + i);
            writes.add(new SliceWrite(
                    ticket,
                    target.generation(),
                    to.layout().blockOffset(chunk.piece().layer(), remoteBlock),
                    blocks.bytes().get(i)));
        }
        return writes;
    }

    private Duration timeLeft() {
        return Duration.ofMillis(
                Math.max(1, target.deadlineMillis() - pusher.time().currentTimeMillis()));
    }

    /** Bytes of the computed prompt that the engine keeps for this push alone. */
    long heldBytes() {
        synchronized (lock) {
            return hold == null ? 0 : hold.blockIds().length * blockBytes * layers();
        }
    }

    private int layers() {
        return pusher.cache().layout().size(KvAxis.LAYER);
    }

    private static long bytes(Chunk chunk, BlockFeed feed) {
        return chunk.piece().count() * feed.blockBytes();
    }

    private static TransferException asTransferException(Throwable error) {
        return switch (error) {
            case TransferException e -> e;
            case CompletionException e when e.getCause() instanceof TransferException cause -> cause;
            default -> new TransferException(Kind.CANCELLED, error.toString(), error);
        };
    }

    private void fail(@Nullable String why) {
        failure = new ServiceException(
                ErrorCode.BAD_GATEWAY, "the KV cache of transfer " + ticket + " could not be delivered: " + why);
    }

    /** Whatever the outcome: stop reading, tell whoever waits, give back the blocks, in this order. */
    private void end(Outcome outcome) {
        try {
            stopReading();
            PushCounters counters = pusher.counters();
            switch (outcome) {
                case COMPLETED -> {
                    completed = true;
                    long now = pusher.time().nanoTime();
                    counters.completed.increment();
                    counters.transferNanos.add(firstAnnouncedNanos == 0 ? 0 : now - firstAnnouncedNanos);
                    counters.exposedNanos.add(now - promptWrittenNanos);
                }
                case ABORTED -> {
                    counters.aborted.increment();
                    giveUpTicket();
                }
                case FAILED -> {
                    counters.failed.increment();
                    giveUpTicket();
                    ServiceException why = failure;
                    if (why != null) {
                        log.warn("push to {} failed: {}", peer, why.getMessage());
                        tellOwner(why);
                    }
                }
            }
        } finally {
            BlockHold held;
            synchronized (lock) {
                finished = true;
                held = hold;
            }
            pusher.ended(this);
            if (held != null) {
                letGo(held);
            }
        }
    }

    /** Ends the engine's hold, and with it the prompt's stream. */
    private void letGo(BlockHold held) {
        if (completed) {
            held.close();
        } else {
            ServiceException why = failure;
            held.fail(
                    why != null
                            ? why
                            : new ServiceException(
                                    ErrorCode.UNAVAILABLE, "the KV transfer " + ticket + " was aborted"));
        }
    }

    private void tellOwner(ServiceException why) {
        try {
            onFailure.accept(why);
        } catch (RuntimeException e) {
            log.error("the failure listener of push {} failed", ticket, e);
        }
    }

    private void giveUpTicket() {
        // without a connection the reservation's deadline does it
        pusher.sessions().ifOpen(peer).ifPresent(open -> open.session().drop(ticket, target.generation()));
    }
}
