package io.yuebing.kv;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A KV cache in memory, in one tensor or in several.
 *
 * <p>Does not own the memory.
 *
 * @param layout where every element lies
 * @param tensors as many as {@link KvLayout#tensors()}, each of at least {@link KvLayout#byteSize()} bytes
 */
public record KvTensors(KvLayout layout, List<MemorySegment> tensors) {
    public KvTensors {
        tensors = List.copyOf(tensors);
        if (tensors.size() != layout.tensors()) {
            throw new IllegalArgumentException("KV layout '" + layout.name() + "' needs " + layout.tensors()
                    + " tensors, found " + tensors.size());
        }
        for (MemorySegment tensor : tensors) {
            if (tensor.byteSize() < layout.byteSize()) {
                throw new IllegalArgumentException("KV layout '" + layout.name() + "' needs " + layout.byteSize()
                        + " bytes a tensor, found " + tensor.byteSize());
            }
        }
    }

    /** The memory of an engine's cache. */
    public static KvTensors of(KvCache cache) {
        return new KvTensors(cache.layout(), List.of(cache.memory()));
    }

    /** Tensors that lie one after the other in {@code memory}, each with its padding. */
    public static KvTensors inOne(KvLayout layout, MemorySegment memory) {
        List<MemorySegment> tensors = new ArrayList<>();
        long step = layout.paddedByteSize();
        for (int i = 0; i < layout.tensors(); i++) {
            long at = i * step;
            long rest = memory.byteSize() - at;
            if (rest < layout.byteSize()) {
                throw new IllegalArgumentException("KV layout '" + layout.name() + "' needs "
                        + ((layout.tensors() - 1) * step + layout.byteSize()) + " bytes, found " + memory.byteSize());
            }
            tensors.add(memory.asSlice(at, Math.min(step, rest)));
        }
        return new KvTensors(layout, tensors);
    }

    MemorySegment tensor(int layer, KvSide side) {
        return tensors.get(layout.tensor(layer, side));
    }
}
