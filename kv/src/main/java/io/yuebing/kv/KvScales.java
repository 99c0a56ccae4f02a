package io.yuebing.kv;

import java.util.ArrayList;
import java.util.List;

/**
 * Where the scales of a quantised KV cache lie: an element's value is its code times the scale of its row.
 *
 * <p>The scales of a token need an index along {@link KvAxis#BLOCK} and {@link KvAxis#TOKEN}; scales that are fixed for
 * a layer or a head have neither. An axis that is not listed shares its scale.
 *
 * @param type {@code f32}, {@code f16} or {@code bf16}
 * @param offset byte of the first scale in the memory of the cache
 * @param axes along which scales differ
 * @param strides bytes between neighbours along each axis, same order
 */
public record KvScales(ElementType type, long offset, List<KvAxis> axes, List<Long> strides) {
    /** A scale for every row: what a quantising conversion writes. */
    public static final List<KvAxis> PER_ROW =
            List.of(KvAxis.LAYER, KvAxis.BLOCK, KvAxis.KV, KvAxis.HEAD, KvAxis.TOKEN);

    public KvScales {
        axes = List.copyOf(axes);
        strides = List.copyOf(strides);
        if (type.bytes() == 1) {
            throw new IllegalArgumentException(
                    "scales of a KV layout have element type f32, f16 or bf16, not " + type.wireName());
        }
        if (axes.size() != strides.size() || axes.stream().distinct().count() != axes.size()) {
            throw new IllegalArgumentException(
                    "scales of a KV layout need one stride for each axis and each axis once: " + axes + ", " + strides);
        }
        if (axes.contains(KvAxis.CHANNEL)) {
            throw new IllegalArgumentException("scales of a KV layout belong to rows; axis CHANNEL is within one");
        }
        if (axes.contains(KvAxis.BLOCK) != axes.contains(KvAxis.TOKEN)) {
            throw new IllegalArgumentException(
                    "scales of a KV layout differ along both BLOCK and TOKEN or along neither: " + axes);
        }
        if (offset < 0 || strides.stream().anyMatch(stride -> stride <= 0)) {
            throw new IllegalArgumentException("scales of a KV layout: offset " + offset + " and strides " + strides
                    + " must not be negative or 0");
        }
    }

    /** The same scales of blocks that lie elsewhere, with another distance between them. */
    KvScales moved(long bytes, long blockStride) {
        List<Long> moved = new ArrayList<>(strides);
        if (axes.contains(KvAxis.BLOCK)) {
            moved.set(axes.indexOf(KvAxis.BLOCK), blockStride);
        }
        return new KvScales(type, offset + bytes, axes, moved);
    }

    /** Bytes between neighbours along {@code axis}; 0 if they share their scale. */
    long stride(KvAxis axis) {
        int i = axes.indexOf(axis);
        return i < 0 ? 0 : strides.get(i);
    }

    /** Whether each row has its own scale. */
    boolean perRow(KvLayout layout) {
        return PER_ROW.stream().allMatch(axis -> axes.contains(axis) || layout.rowsAlong(axis) == 1);
    }

    /** Byte of the scale of a row; indices are those of this cache. */
    long at(int layer, KvSide side, int block, int head, int token) {
        return offset
                + layer * stride(KvAxis.LAYER)
                + block * stride(KvAxis.BLOCK)
                + (side == KvSide.VALUE ? stride(KvAxis.KV) : 0)
                + head * stride(KvAxis.HEAD)
                + token * stride(KvAxis.TOKEN);
    }
}
