package io.yuebing.connector;

import io.yuebing.kv.KvConversion;
import io.yuebing.kv.KvLayout;
import io.yuebing.kv.KvTensors;
import io.yuebing.kv.KvTransferType;
import io.yuebing.kv.Range;
import io.yuebing.kv.Rounding;
import io.yuebing.transfer.Payload;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Puts blocks as they travel into a cache, and takes them out of it so; for any number of threads. */
final class TravellingBlocks {
    private static final int[] FIRST = {0};

    private final KvLayout cache;
    private final KvLayout travelling;
    private final KvLayout one;
    private final KvLayout oneTravelling;
    private final boolean converts;
    private final KvConversions conversions;
    private final Arena arena = Arena.ofAuto();
    private final Queue<MemorySegment> free = new ConcurrentLinkedQueue<>();

    TravellingBlocks(KvLayout cache, KvTransferType type, KvConversions conversions) {
        this.cache = cache;
        this.travelling = type.travelling(cache);
        this.one = cache.denseBlocks(1);
        this.oneTravelling = travelling.denseBlocks(1);
        this.converts = !travelling.equals(cache);
        this.conversions = conversions;
    }

    /** Layout of the cache. */
    KvLayout cache() {
        return cache;
    }

    /** Bytes of a block of one layer on its way. */
    long blockBytes() {
        return travelling.blockBytes();
    }

    /**
     * Fills a block.
     *
     * @param payload {@link #blockBytes()} bytes
     * @param memory of the cache
     * @param offset of the block
     */
    void put(Payload payload, MemorySegment memory, long offset) {
        if (!converts) {
            payload.copyTo(memory.asSlice(offset, blockBytes()));
            return;
        }
        convert(oneTravelling, payload.bytes(), one, memory.asSlice(offset, cache.blockBytes()));
    }

    /**
     * Takes a block out of the cache.
     *
     * @param memory of the cache
     * @param offset of the block
     * @return {@link #blockBytes()} bytes: the block itself, or codes in memory of their own; to be {@link #giveBack given
     *     back} when nobody reads them any more
     */
    MemorySegment take(MemorySegment memory, long offset) {
        MemorySegment block = memory.asSlice(offset, cache.blockBytes());
        if (!converts) {
            return block;
        }
        MemorySegment used = free.poll();
        MemorySegment codes = used != null ? used : arena.allocate(blockBytes(), 64);
        convert(one, block, oneTravelling, codes);
        return codes;
    }

    void giveBack(MemorySegment taken) {
        if (converts) {
            free.add(taken);
        }
    }

    private void convert(KvLayout from, MemorySegment source, KvLayout to, MemorySegment target) {
        long began = System.nanoTime();
        KvConversion.between(from, to, Rounding.ALLOWED)
                .convert(
                        Range.of(1),
                        new KvTensors(from, List.of(source)),
                        FIRST,
                        new KvTensors(to, List.of(target)),
                        FIRST,
                        0,
                        one.blockSize(),
                        _ -> {});
        conversions.count(KvConversions.Reason.INT8, blockBytes(), began);
    }
}
