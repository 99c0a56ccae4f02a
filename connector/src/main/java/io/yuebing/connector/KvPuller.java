package io.yuebing.connector;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.KvPull;
import io.yuebing.api.ServiceException;
import io.yuebing.engine.BlockReservation;
import io.yuebing.kv.KvAxis;
import io.yuebing.kv.KvCache;
import io.yuebing.transfer.BatchOptions;
import io.yuebing.transfer.PeerAddress;
import io.yuebing.transfer.PeerTraffic;
import io.yuebing.transfer.SliceRead;
import io.yuebing.transfer.TransferBatch;
import io.yuebing.transfer.TransferException;
import io.yuebing.transfer.TransferException.Kind;
import io.yuebing.transfer.Transport;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.LongAdder;

/**
 * The decode node's side of a pull: reads the blocks of prompts that prefill nodes keep.
 *
 * <p>The caller's thread waits. The cache's memory must outlive the puller.
 */
public final class KvPuller implements AutoCloseable {
    /** Blocks that are read and repeated together hold about this many bytes. */
    private static final long CHUNK_BYTES = 1 << 20;

    private static final Duration BATCH_TIMEOUT = Duration.ofSeconds(60);

    private final KvCache cache;
    private final Transport transport;
    private final KvPusherOptions options;
    private final PeerSessions sessions;
    private final PeerTraffic traffic = new PeerTraffic();

    private final LongAdder completed = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder bytes = new LongAdder();
    private final LongAdder reusedBytes = new LongAdder();
    private final LongAdder retries = new LongAdder();
    private final LongAdder failedReleases = new LongAdder();

    /**
     * @param cache the engine's cache
     * @param transport is closed with the puller
     */
    public KvPuller(KvCache cache, Transport transport, KvPusherOptions options) {
        this.cache = cache;
        this.transport = transport;
        this.options = options;
        this.sessions = new PeerSessions(
                transport,
                LayoutGreeting.ofDecode(new LayoutHello(options.nodeName(), cache)),
                options.connectAttempts(),
                options.connectBackoff());
    }

    /** Blocks of one layer: local and remote ids side by side. */
    private record Chunk(int layer, List<Integer> local, List<Integer> remote, int attempt) {
        Chunk again() {
            return new Chunk(layer, local, remote, attempt + 1);
        }
    }

    private record Sent(Chunk chunk, TransferBatch batch) {}

    /**
     * Fills the blocks of a reservation that are not cached. However it ends, nothing is written to them afterwards.
     *
     * @throws ServiceException {@link ErrorCode#BAD_GATEWAY} with parameter {@code kv_transfer_params} if the prompt
     *     cannot be had, in one sentence
     * @throws InterruptedException if interrupted while waiting
     */
    public void pull(KvPull source, BlockReservation into) throws InterruptedException {
        try {
            read(source, into);
            completed.increment();
        } catch (TransferException e) {
            failed.increment();
            throw new ServiceException(
                    ErrorCode.BAD_GATEWAY,
                    "the KV cache of " + source.requestId() + " could not be pulled from " + source.host() + ":"
                            + source.port() + ": " + e.getMessage(),
                    "kv_transfer_params",
                    e);
        }
    }

    private void read(KvPull source, BlockReservation into) throws TransferException, InterruptedException {
        int[] local = into.blockIds();
        checkFits(source.blockIds().size(), local.length, into.tokens());
        reusedBytes.add((long) into.cachedBlocks() * cache.layout().size(KvAxis.LAYER) * blockBytes());
        Deque<Chunk> waiting = chunks(local, source.blockIds(), into.cachedBlocks());
        Deque<Sent> sent = new ArrayDeque<>();
        try {
            long outstanding = 0;
            while (!waiting.isEmpty() || !sent.isEmpty()) {
                while (!waiting.isEmpty() && outstanding < options.maxOutstandingBytes()) {
                    Chunk chunk = waiting.removeFirst();
                    try {
                        sent.addLast(new Sent(chunk, submit(chunk, source)));
                        outstanding += bytes(chunk);
                    } catch (TransferException e) {
                        waiting.addFirst(again(chunk, e));
                    }
                }
                Sent oldest = sent.removeFirst();
                outstanding -= bytes(oldest.chunk());
                try {
                    await(oldest, source);
                } catch (TransferException e) {
                    waiting.addFirst(again(oldest.chunk(), e));
                }
            }
        } finally {
            sent.forEach(left -> left.batch().cancel());
        }
    }

    /**
     * More blocks than needed do no harm if all positions are kept. Where a window is, the list begins with the blocks that
     * the token behind the kept ones attends to, so it has to be of this prompt, with its last token.
     */
    private void checkFits(int remote, int local, int tokens) throws TransferException {
        boolean windows = cache.groups().stream().anyMatch(group -> group.window() > 0);
        int lastToken =
                tokens % cache.layout().blockSize() == 0 ? cache.groups().size() : 0;
        if (remote < local || (windows && remote != local + lastToken)) {
            throw new TransferException(
                    Kind.ACCESS_REFUSED,
                    "remote_block_ids has " + remote + " blocks, this prompt needs "
                            + (windows ? local + lastToken : local));
        }
    }

    private Deque<Chunk> chunks(int[] local, List<Integer> remote, int from) {
        int step = Math.toIntExact(Math.max(1, CHUNK_BYTES / blockBytes()));
        Deque<Chunk> chunks = new ArrayDeque<>();
        for (int layer = 0; layer < cache.layout().size(KvAxis.LAYER); layer++) {
            for (int first = from; first < local.length; first += step) {
                int end = Math.min(local.length, first + step);
                List<Integer> here = new ArrayList<>();
                for (int i = first; i < end; i++) {
                    here.add(local[i]);
                }
                chunks.addLast(new Chunk(layer, here, remote.subList(first, end), 1));
            }
        }
        return chunks;
    }

    private TransferBatch submit(Chunk chunk, KvPull source) throws TransferException {
        PeerSessions.Peer peer = sessions.open(address(source));
        requireEngine(source, peer);
        UUID ticket = KeptPrompt.ticket(source.requestId());
        List<SliceRead> reads = new ArrayList<>();
        for (int i = 0; i < chunk.local().size(); i++) {
            reads.add(new SliceRead(
                    ticket,
                    0,
                    peer.layout().blockOffset(chunk.layer(), chunk.remote().get(i)),
                    cache.block(chunk.layer(), chunk.local().get(i))));
        }
        return peer.session().submit(reads, BatchOptions.within(BATCH_TIMEOUT));
    }

    /** A process that has been started anew at the same address has nothing of what the old one kept. */
    private static void requireEngine(KvPull source, PeerSessions.Peer peer) throws TransferException {
        String found = peer.engineId().orElse("unnamed");
        if (!found.equals(source.engineId())) {
            throw new TransferException(
                    Kind.ACCESS_REFUSED,
                    "the node there is engine " + found + ", remote_engine_id says " + source.engineId()
                            + "; it may have been restarted");
        }
    }

    private static PeerAddress address(KvPull source) throws TransferException {
        try {
            return new PeerAddress(source.host(), source.port());
        } catch (IllegalArgumentException e) {
            throw new TransferException(Kind.CONNECT_FAILED, String.valueOf(e.getMessage()), e);
        }
    }

    private void await(Sent sent, KvPull source) throws TransferException, InterruptedException {
        try {
            sent.batch().done().get();
        } catch (InterruptedException e) {
            sent.batch().cancel();
            throw e;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof TransferException cause
                    ? cause
                    : new TransferException(Kind.CANCELLED, String.valueOf(e.getCause()), e);
        }
        bytes.add(bytes(sent.chunk()));
        traffic.received(address(source).toString(), bytes(sent.chunk()));
    }

    private Chunk again(Chunk chunk, TransferException why) throws TransferException {
        if (!why.retryable() || why.kind() == Kind.CONNECT_FAILED || chunk.attempt() >= options.sliceAttempts()) {
            throw why;
        }
        retries.increment();
        return chunk.again();
    }

    private long blockBytes() {
        return cache.layout().blockBytes();
    }

    private long bytes(Chunk chunk) {
        return chunk.local().size() * blockBytes();
    }

    /** Tells the node that keeps the prompt that it need not any more; without a connection its lease expires. */
    public void release(KvPull source) {
        try {
            PeerSessions.Peer peer = sessions.open(address(source));
            requireEngine(source, peer);
            peer.session().drop(KeptPrompt.ticket(source.requestId()), 0);
        } catch (TransferException e) {
            // whoever cannot be reached learns nothing: the deadline frees the blocks
            failedReleases.increment();
        }
    }

    /** What this puller has done since its start. */
    public KvPullerStats stats() {
        return new KvPullerStats(
                completed.sum(), failed.sum(), bytes.sum(), reusedBytes.sum(), retries.sum(), failedReleases.sum());
    }

    /** Bytes asked of each prefill node with an open session that have not arrived. */
    public Map<PeerAddress, Long> bytesInFlight() {
        return sessions.bytesInFlight();
    }

    /** KV bytes pulled, by prefill node. */
    public Map<String, PeerTraffic.Bytes> traffic() {
        return traffic.snapshot();
    }

    /** Fails every pull under way; nothing is written to the cache after this returns. */
    @Override
    public void close() {
        transport.close();
    }
}
