package io.yuebing.connector;

import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvCache;
import io.yuebing.kv.KvConversion;
import io.yuebing.kv.KvLayout;
import io.yuebing.kv.KvTensors;
import io.yuebing.kv.Rounding;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Memory in which blocks of one layer of a cache lie as the peer takes or has them: with more or fewer tokens each, of
 * another element type, or as codes.
 *
 * <p>Position p lies here in block {@code p / blockSize} of the cache, there in the peer's block {@code p / blockSize}.
 * Belongs to one thread; buffers are used again.
 */
final class BlockStaging implements AutoCloseable {
    private final KvCache cache;
    private final KvLayout mine;
    private final KvLayout staged;
    private final Rounding rounding;
    private final KvConversions.Reason reason;
    private final KvConversions conversions;
    private final long blockBytes;
    private final Arena arena = Arena.ofShared();
    private final Deque<MemorySegment> free = new ArrayDeque<>();

    /**
     * @param peer layout of the peer's blocks
     * @param blocks of the peer that a buffer holds
     * @param conversions counts them
     */
    BlockStaging(KvCache cache, KvLayout peer, int blocks, KvConversions conversions) {
        this.cache = cache;
        this.mine = cache.layout().oneLayer();
        this.staged = peer.denseBlocks(blocks);
        this.blockBytes = peer.blockBytes();
        this.reason = reason(mine.elementType(), peer.elementType());
        this.rounding = reason == KvConversions.Reason.INT8 ? Rounding.ALLOWED : Rounding.REFUSED;
        this.conversions = conversions;
    }

    private static KvConversions.Reason reason(ElementType here, ElementType there) {
        if (here == there) {
            return KvConversions.Reason.BLOCK_SIZE;
        }
        return there == ElementType.INT8 ? KvConversions.Reason.INT8 : KvConversions.Reason.ELEMENT_TYPE;
    }

    /** A buffer until it is given back. */
    MemorySegment take() {
        MemorySegment used = free.pollFirst();
        return used != null ? used : arena.allocate(staged.byteSize(), 64);
    }

    void giveBack(MemorySegment buffer) {
        free.addFirst(buffer);
    }

    /** The first blocks of a buffer, each as a slice. */
    List<MemorySegment> blocks(MemorySegment buffer, int count) {
        List<MemorySegment> slices = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            slices.add(buffer.asSlice(i * blockBytes, blockBytes));
        }
        return slices;
    }

    /**
     * Fills a buffer with the peer's blocks from {@code first} on.
     *
     * @param local the prompt's blocks here
     * @param endToken position past the last token
     */
    void gather(int layer, int[] local, int first, int endToken, MemorySegment buffer) {
        long began = System.nanoTime();
        int from = first * staged.blockSize();
        KvConversion.between(mine, staged, rounding)
                .convert(
                        mine.layers(),
                        layer(layer),
                        local,
                        new KvTensors(staged, List.of(buffer)),
                        table(first, endToken),
                        from,
                        endToken - from,
                        _ -> {});
        count(from, endToken, began);
    }

    /**
     * Copies what a buffer with {@code count} of the peer's blocks from {@code first} on holds to the prompt's blocks here.
     *
     * @param fromToken position of the first token that is wanted
     * @param endToken position past the last token that is wanted
     */
    void scatter(MemorySegment buffer, int first, int count, int fromToken, int endToken, int layer, int[] local) {
        long began = System.nanoTime();
        int from = Math.max(fromToken, first * staged.blockSize());
        int end = Math.min(endToken, (first + count) * staged.blockSize());
        KvConversion.between(staged, mine, rounding)
                .convert(
                        mine.layers(),
                        new KvTensors(staged, List.of(buffer)),
                        table(first, end),
                        layer(layer),
                        local,
                        from,
                        end - from,
                        _ -> {});
        count(from, end, began);
    }

    private void count(int fromToken, int endToken, long began) {
        conversions.count(reason, (endToken - fromToken) * (blockBytes / staged.blockSize()), began);
    }

    private KvTensors layer(int layer) {
        return new KvTensors(mine, List.of(cache.memory().asSlice(cache.layout().layerOffset(layer))));
    }

    /** The peer's blocks of the whole prompt; those before the buffer's first are not looked at. */
    private int[] table(int first, int endToken) {
        int[] blocks = new int[Math.ceilDiv(endToken, staged.blockSize())];
        for (int i = first; i < blocks.length; i++) {
            blocks[i] = i - first;
        }
        return blocks;
    }

    /** Frees all buffers; nobody reads or writes them any more. */
    @Override
    public void close() {
        arena.close();
    }
}
