package io.yuebing.kv;

import java.util.List;
import java.util.Optional;

/**
 * Where every element of a KV cache lies: the descriptor that peers exchange before the first byte of cache.
 *
 * <p>The byte offset of an element is the sum over {@link #axes()} of index times {@link #strides()}. Strides are
 * declared, not derived, so padded and strided caches are expressed as well. Where the {@link ElementType} has a scale, it
 * follows the channels of each token and head.
 *
 * @param name short name for people, for example {@code native}
 * @param axes the axes from the outermost to the innermost in memory
 * @param sizes number of indices along each axis, same order
 * @param strides bytes between neighbours along each axis, same order
 * @param elementType type of one element
 * @param holding how keys and values are held
 * @param heads which KV heads of the model are here
 * @param layers which layers of the model are here
 * @param fingerprint identifies the model's weights and configuration; caches of different models never mix
 */
public record KvLayout(
        String name,
        List<KvAxis> axes,
        List<Integer> sizes,
        List<Long> strides,
        ElementType elementType,
        KvHolding holding,
        Range heads,
        Range layers,
        String fingerprint) {

    public KvLayout {
        axes = List.copyOf(axes);
        sizes = List.copyOf(sizes);
        strides = List.copyOf(strides);
        if (axes.size() != sizes.size() || axes.size() != strides.size()) {
            throw new IllegalArgumentException("KV layout '" + name + "': " + axes.size() + " axes, " + sizes.size()
                    + " sizes and " + strides.size() + " strides; expected the same number of each");
        }
        if (axes.stream().distinct().count() != axes.size()) {
            throw new IllegalArgumentException("KV layout '" + name + "': an axis stands twice in " + axes);
        }
        for (int i = 0; i < sizes.size(); i++) {
            if (sizes.get(i) <= 0 || strides.get(i) <= 0) {
                throw new IllegalArgumentException("KV layout '" + name + "': axis " + axes.get(i) + " has size "
                        + sizes.get(i) + " and stride " + strides.get(i) + "; both must be positive");
            }
        }
    }

    /**
     * The layout of this engine: {@code [layer][block][key|value][head][token][channel]}, dense. A block of one layer is
     * contiguous, and within it each head's rows, so attention reads rows and a transfer copies blocks.
     */
    public static KvLayout nativeLayout(
            int layers, int blocks, int heads, int blockSize, int headSize, ElementType type, String fingerprint) {
        List<KvAxis> axes = List.of(KvAxis.LAYER, KvAxis.BLOCK, KvAxis.KV, KvAxis.HEAD, KvAxis.TOKEN, KvAxis.CHANNEL);
        List<Integer> sizes = List.of(layers, blocks, 2, heads, blockSize, headSize);
        Long[] strides = new Long[axes.size()];
        long stride = type.bytes();
        for (int i = axes.size() - 1; i >= 0; i--) {
            strides[i] = stride;
            stride = axes.get(i) == KvAxis.CHANNEL ? type.rowBytes(headSize) : stride * sizes.get(i);
        }
        return new KvLayout(
                "native",
                axes,
                sizes,
                List.of(strides),
                type,
                KvHolding.SPLIT_AXIS,
                Range.of(heads),
                Range.of(layers),
                fingerprint);
    }

    /** Indices along {@code axis}; 1 if the layout does not have it. */
    public int size(KvAxis axis) {
        int i = axes.indexOf(axis);
        return i < 0 ? 1 : sizes.get(i);
    }

    /** Bytes between neighbours along {@code axis}; 0 if the layout does not have it. */
    public long stride(KvAxis axis) {
        int i = axes.indexOf(axis);
        return i < 0 ? 0 : strides.get(i);
    }

    /** Tokens in a block. */
    public int blockSize() {
        return size(KvAxis.TOKEN);
    }

    /** Bytes from the first to past the last element. */
    public long byteSize() {
        long last = elementType.bytes() + elementType.scaleBytes();
        for (int i = 0; i < axes.size(); i++) {
            last += (sizes.get(i) - 1) * strides.get(i);
        }
        return last;
    }

    /** Byte offset of the first element of one block of one layer. */
    public long blockOffset(int layer, int block) {
        return layer * stride(KvAxis.LAYER) + block * stride(KvAxis.BLOCK);
    }

    /**
     * Bytes of one block of one layer, if they are contiguous: the unit of a transfer between equal layouts.
     *
     * @throws IllegalStateException if other blocks' or layers' elements lie between them
     */
    public long blockBytes() {
        long bytes = elementType.bytes();
        for (int i = axes.size() - 1; i >= 0; i--) {
            KvAxis axis = axes.get(i);
            if (axis == KvAxis.LAYER || axis == KvAxis.BLOCK) {
                continue;
            }
            if (strides.get(i) != bytes) {
                throw new IllegalStateException("KV layout '" + name + "': a block is not contiguous, axis " + axis
                        + " has stride " + strides.get(i) + ", dense would be " + bytes);
            }
            bytes = axis == KvAxis.CHANNEL ? elementType.rowBytes(sizes.get(i)) : bytes * sizes.get(i);
        }
        return bytes;
    }

    /**
     * Why blocks cannot be copied whole from this layout to {@code other}: the first field that differs, with both
     * values. The number of blocks may differ, and with it the layer stride.
     */
    public Optional<String> mismatch(KvLayout other) {
        return differs("model fingerprint", fingerprint, other.fingerprint)
                .or(() -> differs("element type", elementType.wireName(), other.elementType.wireName()))
                .or(() -> differs("holding of keys and values", holding, other.holding))
                .or(() -> differs("axis order", axes, other.axes))
                .or(() -> differs("layers", layers, other.layers))
                .or(() -> differs("KV heads", heads, other.heads))
                .or(() -> differs("block size", blockSize(), other.blockSize()))
                .or(() -> differs("head size", size(KvAxis.CHANNEL), other.size(KvAxis.CHANNEL)))
                .or(() -> axes.stream()
                        .filter(axis -> axis != KvAxis.LAYER && axis != KvAxis.BLOCK)
                        .flatMap(axis -> differs("stride of axis " + axis, stride(axis), other.stride(axis)).stream())
                        .findFirst());
    }

    private static Optional<String> differs(String field, Object mine, Object theirs) {
        return mine.equals(theirs)
                ? Optional.empty()
                : Optional.of(field + ": " + mine + " here, " + theirs + " there");
    }
}
