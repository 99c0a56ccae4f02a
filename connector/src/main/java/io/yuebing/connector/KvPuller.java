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
import io.yuebing.transfer.TransferSession;
import io.yuebing.transfer.Transport;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
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

    /**
     * One pull.
     *
     * @param remote layout of the keeper's cache
     * @param blockBytes of one of its blocks in one layer, on its way
     * @param staging where blocks arrive that are converted
     */
    private record Work(
            KvPull source,
            BlockReservation into,
            KvLayout remote,
            long blockBytes,
            @Nullable BlockStaging staging) {
        long bytes(Chunk chunk) {
            return chunk.remote().size() * blockBytes;
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
        KvLayout travelling = options.transferType().travelling(peer);
        int own = into.blockIds().length;
        reusedBytes.add((long) into.cachedBlocks()
                * cache.layout().size(KvAxis.LAYER)
                * cache.layout().blockBytes());
        int step = Math.toIntExact(Math.max(1, BlockFeed.CHUNK_BYTES / travelling.blockBytes()));
        Deque<Chunk> waiting;
        if (cache.layout().blockSize() == peer.blockSize()) {
            checkFits(source.blockIds().size(), own, into.tokens());
            waiting = chunks(source.blockIds().subList(0, own), into.cachedBlocks(), step);
        } else {
            int needed = BlockTable.blocksFor(into.tokens(), peer.blockSize());
            requireBlocks(source.blockIds().size() >= needed, source.blockIds().size(), needed);
            int cachedTokens = into.cachedBlocks() * cache.layout().blockSize();
            waiting = chunks(source.blockIds().subList(0, needed), cachedTokens / peer.blockSize(), step);
        }
        if (cache.layout().mismatch(travelling).isEmpty()) {
            read(waiting, new Work(source, into, peer, travelling.blockBytes(), null));
            return;
        }
        try (BlockStaging staging = new BlockStaging(cache, travelling, step, conversions)) {
            read(waiting, new Work(source, into, peer, travelling.blockBytes(), staging));
        }
    }

    private void read(Deque<Chunk> waiting, Work work) throws TransferException, InterruptedException {
        Deque<Sent> sent = new ArrayDeque<>();
        try {
            long outstanding = 0;
            while (!waiting.isEmpty() || !sent.isEmpty()) {
                while (!waiting.isEmpty() && outstanding < options.maxOutstandingBytes()) {
                    Chunk chunk = waiting.removeFirst();
                    try {
                        sent.addLast(submit(chunk, work));
                        outstanding += work.bytes(chunk);
                    } catch (TransferException e) {
                        waiting.addFirst(again(chunk, e));
                    }
                }
                if (sent.isEmpty()) {
                    continue;
                }
                Sent oldest = sent.removeFirst();
                outstanding -= work.bytes(oldest.chunk());
                try {
                    await(oldest);
                    arrived(oldest, work);
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

    private void arrived(Sent sent, Work work) throws TransferException {
        Chunk chunk = sent.chunk();
        bytes.add(work.bytes(chunk));
        traffic.received(address(work.source()).toString(), work.bytes(chunk));
        BlockStaging staging = work.staging();
        MemorySegment buffer = sent.buffer();
        if (staging == null || buffer == null) {
            return;
        }
        BlockReservation into = work.into();
        int count = chunk.remote().size();
        int blockSize = cache.layout().blockSize();
        if (blockSize == work.remote().blockSize()) {
            int[] ids = Arrays.copyOfRange(into.blockIds(), chunk.first(), chunk.first() + count);
            staging.scatter(buffer, 0, count, 0, count * blockSize, chunk.layer(), ids);
        } else {
            int cachedTokens = into.cachedBlocks() * blockSize;
            staging.scatter(buffer, chunk.first(), count, cachedTokens, into.tokens(), chunk.layer(), into.blockIds());
        }
        staging.giveBack(buffer);
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

    private Sent submit(Chunk chunk, Work work) throws TransferException {
        TransferSession session = open(work.source()).session();
        UUID ticket = KeptPrompt.ticket(work.source().requestId());
        BlockStaging staging = work.staging();
        MemorySegment buffer = staging == null ? null : staging.take();
        List<SliceRead> reads = new ArrayList<>();
        for (int i = 0; i < chunk.remote().size(); i++) {
            reads.add(new SliceRead(
                    ticket,
                    0,
                    work.remote().blockOffset(chunk.layer(), chunk.remote().get(i)),
                    buffer == null
                            ? cache.block(chunk.layer(), work.into().blockIds()[chunk.first() + i])
                            : buffer.asSlice(i * work.blockBytes(), work.blockBytes())));
        }
        return new Sent(chunk, session.submit(reads, BatchOptions.within(BATCH_TIMEOUT)), buffer);
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
