package io.yuebing.connector;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.KvPull;
import io.yuebing.api.ServiceException;
import io.yuebing.engine.BlockReservation;
import io.yuebing.kv.BlockTable;
import io.yuebing.kv.KvAxis;
import io.yuebing.kv.KvCache;
import io.yuebing.kv.KvLayout;
import io.yuebing.transfer.BatchOptions;
import io.yuebing.transfer.PeerAddress;
import io.yuebing.transfer.PeerTraffic;
import io.yuebing.transfer.SliceRead;
import io.yuebing.transfer.TransferBatch;
import io.yuebing.transfer.TransferException;
import io.yuebing.transfer.TransferException.Kind;
import io.yuebing.transfer.Transport;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The decode node's side of a pull: reads the blocks of prompts that prefill nodes keep.
 *
 * <p>The caller's thread waits. The cache's memory must outlive the puller.
 */
public final class KvPuller implements AutoCloseable {
    private static final Duration BATCH_TIMEOUT = Duration.ofSeconds(60);

    private final KvCache cache;
    private final Transport transport;
    private final KvPusherOptions options;
    private final PeerSessions sessions;
    private final PeerTraffic traffic = new PeerTraffic();

    private final KvConversions conversions = new KvConversions();
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
                LayoutGreeting.ofDecode(
                        new LayoutHello(options.nodeName(), cache).withTransferType(options.transferType())),
                options.connectAttempts(),
                options.connectBackoff());
    }

    /**
     * Blocks of the peer in one layer.
     *
     * @param first index in the prompt
     * @param remote their ids
     */
    private record Chunk(int layer, int first, List<Integer> remote, int attempt) {
        Chunk again() {
            return new Chunk(layer, first, remote, attempt + 1);
        }
    }

    /** What is read, and where to if not into the cache itself. */
    private record Sent(
            Chunk chunk, TransferBatch batch, @Nullable MemorySegment buffer) {}

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
        KvLayout peer = open(source).layout();
        int own = into.blockIds().length;
        reusedBytes.add((long) into.cachedBlocks()
                * cache.layout().size(KvAxis.LAYER)
                * cache.layout().blockBytes());
        int step = Math.toIntExact(Math.max(1, BlockFeed.CHUNK_BYTES / peer.blockBytes()));
        if (cache.layout().mismatch(peer).isEmpty()) {
            checkFits(source.blockIds().size(), own, into.tokens());
            Deque<Chunk> waiting = chunks(source.blockIds().subList(0, own), into.cachedBlocks(), step);
            read(waiting, source, into, peer.blockBytes(), null);
            return;
        }
        int needed = BlockTable.blocksFor(into.tokens(), peer.blockSize());
        requireBlocks(source.blockIds().size() >= needed, source.blockIds().size(), needed);
        int cachedTokens = into.cachedBlocks() * cache.layout().blockSize();
        Deque<Chunk> waiting = chunks(source.blockIds().subList(0, needed), cachedTokens / peer.blockSize(), step);
        try (BlockStaging staging = new BlockStaging(cache, peer, step, conversions)) {
            read(waiting, source, into, peer.blockBytes(), staging);
        }
    }

    private void read(
            Deque<Chunk> waiting, KvPull source, BlockReservation into, long blockBytes, @Nullable BlockStaging staging)
            throws TransferException, InterruptedException {
        Deque<Sent> sent = new ArrayDeque<>();
        try {
            long outstanding = 0;
            while (!waiting.isEmpty() || !sent.isEmpty()) {
                while (!waiting.isEmpty() && outstanding < options.maxOutstandingBytes()) {
                    Chunk chunk = waiting.removeFirst();
                    try {
                        sent.addLast(submit(chunk, source, into, staging));
                        outstanding += chunk.remote().size() * blockBytes;
                    } catch (TransferException e) {
                        waiting.addFirst(again(chunk, e));
                    }
                }
                if (sent.isEmpty()) {
                    continue;
                }
                Sent oldest = sent.removeFirst();
                long length = oldest.chunk().remote().size() * blockBytes;
                outstanding -= length;
                try {
                    await(oldest);
                    arrived(oldest, source, into, length, staging);
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
        if (cache.groups().stream().noneMatch(group -> group.window() > 0)) {
            requireBlocks(remote >= local, remote, local);
        } else {
            boolean lastTokenBegins = tokens % cache.layout().blockSize() == 0;
            int needed = local + (lastTokenBegins ? cache.groups().size() : 0);
            requireBlocks(remote == needed, remote, needed);
        }
    }

    private static void requireBlocks(boolean fits, int found, int needed) throws TransferException {
        if (!fits) {
            throw new TransferException(
                    Kind.ACCESS_REFUSED, "remote_block_ids has " + found + " blocks, this prompt needs " + needed);
        }
    }

    private void arrived(Sent sent, KvPull source, BlockReservation into, long length, @Nullable BlockStaging staging)
            throws TransferException {
        bytes.add(length);
        traffic.received(address(source).toString(), length);
        MemorySegment buffer = sent.buffer();
        if (staging != null && buffer != null) {
            Chunk chunk = sent.chunk();
            int cachedTokens = into.cachedBlocks() * cache.layout().blockSize();
            staging.scatter(
                    buffer,
                    chunk.first(),
                    chunk.remote().size(),
                    cachedTokens,
                    into.tokens(),
                    chunk.layer(),
                    into.blockIds());
            staging.giveBack(buffer);
        }
    }

    private Deque<Chunk> chunks(List<Integer> remote, int from, int step) {
        Deque<Chunk> chunks = new ArrayDeque<>();
        for (int layer = 0; layer < cache.layout().size(KvAxis.LAYER); layer++) {
            for (int first = from; first < remote.size(); first += step) {
                chunks.addLast(
                        new Chunk(layer, first, remote.subList(first, Math.min(remote.size(), first + step)), 1));
            }
        }
        return chunks;
    }

    private PeerSessions.Peer open(KvPull source) throws TransferException {
        PeerSessions.Peer peer = sessions.open(address(source));
        requireEngine(source, peer);
        return peer;
    }

    private Sent submit(Chunk chunk, KvPull source, BlockReservation into, @Nullable BlockStaging staging)
            throws TransferException {
        PeerSessions.Peer peer = open(source);
        UUID ticket = KeptPrompt.ticket(source.requestId());
        MemorySegment buffer = staging == null ? null : staging.take();
        List<SliceRead> reads = new ArrayList<>();
        for (int i = 0; i < chunk.remote().size(); i++) {
            reads.add(new SliceRead(
                    ticket,
                    0,
                    peer.layout().blockOffset(chunk.layer(), chunk.remote().get(i)),
                    buffer == null
                            ? cache.block(chunk.layer(), into.blockIds()[chunk.first() + i])
                            : buffer.asSlice(
                                    i * peer.layout().blockBytes(),
                                    peer.layout().blockBytes())));
        }
        return new Sent(chunk, peer.session().submit(reads, BatchOptions.within(BATCH_TIMEOUT)), buffer);
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

    private static void await(Sent sent) throws TransferException, InterruptedException {
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
    }

    private Chunk again(Chunk chunk, TransferException why) throws TransferException {
        if (!why.retryable() || why.kind() == Kind.CONNECT_FAILED || chunk.attempt() >= options.sliceAttempts()) {
            throw why;
        }
        retries.increment();
        return chunk.again();
    }

    /** Tells the node that keeps the prompt that it need not any more; without a connection its lease expires. */
    public void release(KvPull source) {
        try {
            open(source).session().drop(KeptPrompt.ticket(source.requestId()), 0);
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

    /** Blocks that were not written as they arrived. */
    public KvConversions conversions() {
        return conversions;
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
