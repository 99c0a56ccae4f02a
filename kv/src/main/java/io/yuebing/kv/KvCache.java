package io.yuebing.kv;

import java.lang.foreign.MemorySegment;

/**
 * The memory of a KV cache with the layout that says what lies where.
 *
 * <p>Does not own the memory: whoever allocated the segment's arena frees it. Blocks are handed out by a
 * {@link BlockPool}; only the holder of a block writes to it.
 *
 * @param layout where every element lies
 * @param memory at least {@link KvLayout#byteSize()} bytes, aligned to 64
 */
public record KvCache(KvLayout layout, MemorySegment memory) {
    public KvCache {
        if (memory.byteSize() < layout.byteSize()) {
            throw new IllegalArgumentException("KV cache memory has " + memory.byteSize() + " bytes, layout '"
                    + layout.name() + "' needs " + layout.byteSize());
        }
    }

    /** The bytes of one block of one layer. */
    public MemorySegment block(int layer, int block) {
        return memory.asSlice(layout.blockOffset(layer, block), layout.blockBytes());
    }
}
