package io.yuebing.kv;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.ToIntFunction;

/**
 * Where elements lie by the formulas of the engines that made the layouts, written down a second time: the oracle for
 * {@link KvConversion}.
 */
final class LayoutFormulas {
    private LayoutFormulas() {}

    /** Byte offset of an element; side 0 = key or latent row, 1 = value. Indices are those of this cache. */
    @FunctionalInterface
    interface Place {
        long of(int layer, int side, int block, int token, int head, int channel);
    }

    /** A layout with its oracle. */
    record Case(KvLayout layout, Place place) {
        @Override
        public String toString() {
            return layout.toString();
        }
    }

    static Case known(KnownLayout known, KvShape s) {
        long l = s.layers().size();
        long nb = s.blocks();
        long bs = s.blockSize();
        long nh = s.heads().size();
        long hs = s.headSize();
        long es = s.elementType().bytes();
        long x = Math.max(1, 16 / es);
        long layerElements = 2 * nb * bs * nh * hs;
        Place elements = switch (known) {
            case FLASH_ATTENTION, LAYER_PAIRS ->
                (a, kv, b, o, h, d) -> a * layerElements + (((kv * nb + b) * bs + o) * nh + h) * hs + d;
            case FLASH_ATTENTION_HND ->
                (a, kv, b, o, h, d) -> a * layerElements + (((kv * nb + b) * nh + h) * bs + o) * hs + d;
            case FLASHINFER_NHD ->
                (a, kv, b, o, h, d) -> a * layerElements + (((b * 2L + kv) * bs + o) * nh + h) * hs + d;
            case FLASHINFER_HND, NATIVE ->
                (a, kv, b, o, h, d) -> a * layerElements + (((b * 2L + kv) * nh + h) * bs + o) * hs + d;
            case PACKED -> (a, kv, b, o, h, d) -> a * layerElements + ((b * nh + h) * bs + o) * 2 * hs + kv * hs + d;
            case PACKED_NHD, STRIDED ->
                (a, kv, b, o, h, d) -> a * layerElements + ((b * bs + o) * nh + h) * 2 * hs + kv * hs + d;
            case CROSS_LAYER -> (a, kv, b, o, h, d) -> ((((b * l + a) * 2 + kv) * bs + o) * nh + h) * hs + d;
            case CROSS_LAYER_HND -> (a, kv, b, o, h, d) -> ((((b * nh + h) * l + a) * 2 + kv) * bs + o) * hs + d;
            case PAGED_ATTENTION ->
                (a, kv, b, o, h, d) -> a * layerElements
                        + kv * nb * bs * nh * hs
                        + b * (bs * nh * hs)
                        + (kv == 0 ? ((h * (hs / x) + d / x) * bs + o) * x + d % x : (h * hs + d) * bs + o);
            case MLA -> (a, kv, b, o, h, d) -> ((a * nb + b) * bs + o) * hs + d;
        };
        return new Case(known.layout(s), (a, kv, b, o, h, d) -> es * elements.of(a, kv, b, o, h, d));
    }

    /** Axes in any order, with gaps between neighbours along some. */
    static Case strided(KvShape s, Random random) {
        boolean packed = random.nextBoolean();
        List<KvAxis> axes =
                new ArrayList<>(List.of(KvAxis.LAYER, KvAxis.BLOCK, KvAxis.HEAD, KvAxis.TOKEN, KvAxis.CHANNEL));
        if (!packed) {
            axes.add(KvAxis.KV);
        }
        Collections.shuffle(axes, random);
        int channels = packed ? 2 * s.headSize() : s.headSize();
        ToIntFunction<KvAxis> size = axis -> switch (axis) {
            case LAYER -> s.layers().size();
            case BLOCK -> s.blocks();
            case HEAD -> s.heads().size();
            case TOKEN -> s.blockSize();
            case CHANNEL -> channels;
            case KV -> 2;
        };
        long[] strides = new long[KvAxis.values().length];
        long stride = s.elementType().bytes();
        for (KvAxis axis : axes.reversed()) {
            stride += random.nextInt(3) == 0
                    ? random.nextInt(5) * (long) s.elementType().bytes()
                    : 0;
            strides[axis.ordinal()] = stride;
            stride *= size.applyAsInt(axis);
        }
        long offset = random.nextInt(100);
        KvLayout layout = new KvLayout(
                packed ? "strided packed" : "strided split",
                axes,
                axes.stream().map(size::applyAsInt).toList(),
                axes.stream().map(axis -> strides[axis.ordinal()]).toList(),
                offset,
                0,
                s.elementType(),
                null,
                packed ? KvHolding.PACKED : KvHolding.SPLIT_AXIS,
                s.heads(),
                s.layers(),
                "");
        return new Case(
                layout,
                (a, kv, b, o, h, d) -> offset
                        + a * strides[KvAxis.LAYER.ordinal()]
                        + b * strides[KvAxis.BLOCK.ordinal()]
                        + h * strides[KvAxis.HEAD.ordinal()]
                        + o * strides[KvAxis.TOKEN.ordinal()]
                        + (packed ? kv * s.headSize() + d : d) * strides[KvAxis.CHANNEL.ordinal()]
                        + (packed ? 0 : kv * strides[KvAxis.KV.ordinal()]));
    }
}
