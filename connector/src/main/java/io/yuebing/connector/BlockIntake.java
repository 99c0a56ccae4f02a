package io.yuebing.connector;

import io.yuebing.kv.KvConversion;
import io.yuebing.kv.KvLayout;
import io.yuebing.kv.KvTensors;
import io.yuebing.kv.KvTransferType;
import io.yuebing.kv.Range;
import io.yuebing.kv.Rounding;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Puts blocks as they travel into a cache; for any number of threads. */
final class BlockIntake {
    private static final int[] FIRST = {0};

    private final KvLayout cache;
    private final KvLayout travelling;
    private final KvLayout one;
    private final KvLayout oneTravelling;
    private final boolean converts;
    private final KvConversions conversions;

    BlockIntake(KvLayout cache, KvTransferType type, KvConversions conversions) {
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
    void put(MemorySegment payload, MemorySegment memory, long offset) {
        if (!converts) {
            MemorySegment.copy(payload, 0, memory, offset, blockBytes());
            return;
        }
        long began = System.nanoTime();
        KvTensors codes = new KvTensors(oneTravelling, List.of(payload));
        KvTensors block = new KvTensors(one, List.of(memory.asSlice(offset, cache.blockBytes())));
        KvConversion.between(oneTravelling, one, Rounding.ALLOWED)
                .convert(Range.of(1), codes, FIRST, block, FIRST, 0, one.blockSize(), _ -> {});
        conversions.count(KvConversions.Reason.INT8, blockBytes(), began);
    }
}
