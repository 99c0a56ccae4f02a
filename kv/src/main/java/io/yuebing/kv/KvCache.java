package io.yuebing.kv;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The memory of a KV cache with the layout that says what lies where.
 *
 * <p>Does not own the memory: whoever allocated the segment's arena frees it. Blocks are handed out by a
 * {@link BlockPool}; only the holder of a block writes to it.
 *
 * @param layout where every element lies
 * @param memory at least {@link KvLayout#byteSize()} bytes, aligned to 64
 * @param groups which layers of the model share the blocks, each group in blocks of its own
 */
public record KvCache(KvLayout layout, MemorySegment memory, List<LayerGroup> groups) {
    public KvCache {
        if (memory.byteSize() < layout.byteSize()) {
            throw new IllegalArgumentException("KV cache memory has " + memory.byteSize() + " bytes, layout '"
                    + layout.name() + "' needs " + layout.byteSize());
        }
    }

    /** The cache of a model whose layers all attend to all positions. */
    public KvCache(KvLayout layout, MemorySegment memory) {
        this(layout, memory, LayerGroup.all(layout.layers().size()));
    }

    /** The bytes of one block of one layer. */
    public MemorySegment block(int layer, int block) {
        return memory.asSlice(layout.blockOffset(layer, block), layout.blockBytes());
    }
}
