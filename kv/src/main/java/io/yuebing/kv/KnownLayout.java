package io.yuebing.kv;

import static io.yuebing.kv.KvAxis.BLOCK;
import static io.yuebing.kv.KvAxis.CHANNEL;
import static io.yuebing.kv.KvAxis.HEAD;
import static io.yuebing.kv.KvAxis.KV;
import static io.yuebing.kv.KvAxis.LAYER;
import static io.yuebing.kv.KvAxis.TOKEN;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * KV layouts that go by a name, under the names that vLLM's users know. docs/KV_LAYOUTS.md draws them.
 *
 * <p>Several layers of the layouts that hold one layer in a tensor lie one after the other.
 */
public enum KnownLayout {
    /** This engine's own. */
    NATIVE(KvHolding.SPLIT_AXIS, LAYER, BLOCK, KV, HEAD, TOKEN, CHANNEL),
    /** FlashAttention, kv-first, NHD: {@code (2, NB, BS, NH, HS)}. */
    FLASH_ATTENTION(KvHolding.SPLIT_AXIS, LAYER, KV, BLOCK, TOKEN, HEAD, CHANNEL),
    /** FlashAttention, kv-first, HND: {@code (2, NB, NH, BS, HS)} in memory. */
    FLASH_ATTENTION_HND(KvHolding.SPLIT_AXIS, LAYER, KV, BLOCK, HEAD, TOKEN, CHANNEL),
    /** FlashInfer, blocks-first, NHD: {@code (NB, 2, BS, NH, HS)}. */
    FLASHINFER_NHD(KvHolding.SPLIT_AXIS, LAYER, BLOCK, KV, TOKEN, HEAD, CHANNEL),
    /** FlashInfer, blocks-first, HND: {@code (NB, 2, NH, BS, HS)} in memory. */
    FLASHINFER_HND(KvHolding.SPLIT_AXIS, LAYER, BLOCK, KV, HEAD, TOKEN, CHANNEL),
    /** Key and value side by side: {@code (NB, NH, BS, 2 HS)}. */
    PACKED(KvHolding.PACKED, LAYER, BLOCK, HEAD, TOKEN, CHANNEL),
    /** Key and value side by side: {@code (NB, BS, NH, 2 HS)}. */
    PACKED_NHD(KvHolding.PACKED, LAYER, BLOCK, TOKEN, HEAD, CHANNEL),
    /** A block of all layers together: {@code (NB, L, 2, BS, NH, HS)}. */
    CROSS_LAYER(KvHolding.SPLIT_AXIS, BLOCK, LAYER, KV, TOKEN, HEAD, CHANNEL),
    /** A block of all layers together, heads outside: {@code (NB, NH, L, 2, BS, HS)}. */
    CROSS_LAYER_HND(KvHolding.SPLIT_AXIS, BLOCK, HEAD, LAYER, KV, TOKEN, CHANNEL),
    /** PagedAttention on Volta and Turing: {@code (2, NB, BS NH HS)}, x-packed keys, token-minor values. */
    PAGED_ATTENTION(KvHolding.X_PACKED, LAYER, KV, BLOCK, HEAD, CHANNEL, TOKEN, CHANNEL),
    /** Latent rows: {@code (NB, BS, latent + rope)}, the same on every tensor-parallel rank. */
    MLA(KvHolding.LATENT, LAYER, BLOCK, TOKEN, CHANNEL),
    /** For each layer a tensor of keys and one of values: {@code (NB, BS, NH, HS)} each. */
    LAYER_PAIRS(KvHolding.SPLIT_AXIS, LAYER, KV, BLOCK, TOKEN, HEAD, CHANNEL),
    /** Views of one allocation, {@code [L, B, H, N, C]} in any order of memory; the default is LBNHC. */
    STRIDED(KvHolding.PACKED, LAYER, BLOCK, TOKEN, HEAD, CHANNEL);

    private final KvHolding holding;
    private final List<KvAxis> axes;

    KnownLayout(KvHolding holding, KvAxis... axes) {
        this.holding = holding;
        this.axes = List.of(axes);
    }

    /** The name in descriptors: {@code flash_attention}. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Finds a layout by {@link #wireName()}. */
    public static Optional<KnownLayout> find(String name) {
        for (KnownLayout known : values()) {
            if (known.wireName().equals(name)) {
                return Optional.of(known);
            }
        }
        return Optional.empty();
    }

    /** Axes from the outermost to the innermost. */
    public List<KvAxis> axes() {
        return axes;
    }

    public KvHolding holding() {
        return holding;
    }

    /** The dense layout of a cache of this shape. */
    public KvLayout layout(KvShape shape) {
        return layout(shape, Options.DENSE);
    }

    /**
     * What may differ from the dense layout.
     *
     * @param order other axes from the outermost to the innermost; empty for the layout's own
     * @param strides bytes along some axes; the axes outside them become as much wider
     * @param offset byte of the first element
     * @param x elements of a key that lie together, 0 for 16 bytes; {@link #PAGED_ATTENTION} only
     * @param separate whether the tensors of {@link #LAYER_PAIRS} have memory of their own
     */
    public record Options(List<KvAxis> order, Map<KvAxis, Long> strides, long offset, int x, boolean separate) {
        public static final Options DENSE = new Options(List.of(), Map.of(), 0, 0, false);
    }

    /**
     * The layout of a cache of this shape with some freedom.
     *
     * @throws IllegalArgumentException that names the field, if the shape or an option does not fit
     */
    public KvLayout layout(KvShape shape, Options options) {
        List<KvAxis> order = options.order().isEmpty() ? axes : options.order();
        int x = options.x() == 0 ? Math.max(1, 16 / shape.elementType().bytes()) : options.x();
        List<Integer> sizes = new ArrayList<>();
        for (int i = 0; i < order.size(); i++) {
            sizes.add(size(order, i, shape, x));
        }
        int separate = options.separate() ? 2 : 0;
        boolean scaledRows = this == NATIVE && shape.elementType() == ElementType.INT8;
        Long[] strides = new Long[order.size()];
        long stride = shape.elementType().bytes();
        for (int i = order.size() - 1; i >= 0; i--) {
            boolean last = order.lastIndexOf(order.get(i)) == i;
            stride = last ? options.strides().getOrDefault(order.get(i), stride) : stride;
            strides[i] = i < separate ? 0 : stride;
            stride = outer(stride, sizes.get(i), shape);
            stride += scaledRows && order.get(i) == CHANNEL ? ElementType.F32.bytes() : 0;
        }
        return new KvLayout(
                wireName(),
                order,
                sizes,
                List.of(strides),
                options.offset(),
                separate,
                shape.elementType(),
                scaledRows ? scalesBehindRows(order, strides, options.offset() + shape.headSize()) : null,
                holding,
                holding == KvHolding.LATENT ? Range.of(1) : shape.heads(),
                shape.layers(),
                "");
    }

    /** Behind the channels of each row its scale. */
    private static KvScales scalesBehindRows(List<KvAxis> order, Long[] strides, long offset) {
        List<KvAxis> axes = order.stream().filter(axis -> axis != CHANNEL).toList();
        return new KvScales(
                ElementType.F32,
                offset,
                axes,
                axes.stream().map(axis -> strides[order.indexOf(axis)]).toList());
    }

    private long outer(long stride, int size, KvShape shape) {
        try {
            return Math.multiplyExact(stride, (long) size);
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException("KV layout '" + wireName() + "' of " + shape + " overflows 63 bits", e);
        }
    }

    private int size(List<KvAxis> order, int i, KvShape shape, int x) {
        return switch (order.get(i)) {
            case LAYER -> shape.layers().size();
            case BLOCK -> shape.blocks();
            case KV -> 2;
            case HEAD -> holding == KvHolding.LATENT ? 1 : shape.heads().size();
            case TOKEN -> shape.blockSize();
            case CHANNEL ->
                switch (holding) {
                    case SPLIT_AXIS, LATENT -> shape.headSize();
                    case PACKED -> Math.multiplyExact(2, shape.headSize());
                    case X_PACKED -> order.lastIndexOf(CHANNEL) == i ? x : packs(shape.headSize(), x);
                };
        };
    }

    private int packs(int headSize, int x) {
        if (x <= 0 || headSize % x != 0) {
            throw new IllegalArgumentException("KV layout '" + wireName() + "': head size " + headSize
                    + " is not a multiple of x = " + x + ", the elements of a key that lie together");
        }
        return headSize / x;
    }
}
