package io.yuebing.kv;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where every element of a KV cache lies: the descriptor that peers exchange before the first byte of cache.
 *
 * <p>The byte offset of an element is {@link #offset()} plus the sum over {@link #axes()} of index times
 * {@link #strides()}. Strides are declared, not derived, so padded and strided caches are expressed as well.
 * docs/KV_LAYOUTS.md draws the known ones.
 *
 * @param name short name for people, for example {@code native}
 * @param axes the axes from the outermost to the innermost in memory
 * @param sizes number of indices along each axis, same order
 * @param strides bytes between neighbours along each axis, same order; 0 for the separate ones
 * @param offset byte of the first element in its memory
 * @param separate how many of the outermost axes choose a tensor of its own instead of a place in one
 * @param elementType type of one element
 * @param scales of the rows of a quantised cache
 * @param holding how keys and values are held
 * @param heads which KV heads of the model are here
 * @param layers which layers of the model are here
 * @param fingerprint identifies the model's weights and configuration, empty if it is not known; caches of different
 *     models never mix
 */
public record KvLayout(
        String name,
        List<KvAxis> axes,
        List<Integer> sizes,
        List<Long> strides,
        long offset,
        int separate,
        ElementType elementType,
        @Nullable KvScales scales,
        KvHolding holding,
        Range heads,
        Range layers,
        String fingerprint) {
    private static final String BLOCK_SIZE = "block size";

    public KvLayout {
        axes = List.copyOf(axes);
        sizes = List.copyOf(sizes);
        strides = List.copyOf(strides);
        LayoutRules.check(name, axes, sizes, strides, offset, separate, elementType, scales, holding, heads, layers);
    }

    /**
     * The layout of this engine: {@code [layer][block][key|value][head][token][channel]}, dense. A block of one layer is
     * contiguous, and within it each head's rows, so attention reads rows and a transfer copies blocks. The scale of an
     * int8 row follows its channels.
     */
    public static KvLayout nativeLayout(
            int layers, int blocks, int heads, int blockSize, int headSize, ElementType type, String fingerprint) {
        return KnownLayout.NATIVE
                .layout(new KvShape(Range.of(layers), blocks, blockSize, Range.of(heads), headSize, type))
                .withFingerprint(fingerprint);
    }

    /**
     * The layout of this engine for latent attention: {@link KnownLayout#MLA}, dense, where a row is a token's latent row
     * and behind it the key that all heads share. The scale of an int8 row follows its channels.
     *
     * @param rowSize channels of a row
     */
    public static KvLayout nativeLatentLayout(
            int layers, int blocks, int blockSize, int rowSize, ElementType type, String fingerprint) {
        KvShape shape = new KvShape(Range.of(layers), blocks, blockSize, Range.of(1), rowSize, type);
        if (type != ElementType.INT8) {
            return KnownLayout.MLA.layout(shape).withFingerprint(fingerprint);
        }
        long token = rowSize + ElementType.F32.bytes();
        KvLayout rows = KnownLayout.MLA.layout(
                shape, new KnownLayout.Options(List.of(), Map.of(KvAxis.TOKEN, token), 0, 0, false));
        List<KvAxis> axes = List.of(KvAxis.LAYER, KvAxis.BLOCK, KvAxis.TOKEN);
        List<Long> strides = axes.stream().map(rows::stride).toList();
        return rows.withScales(new KvScales(ElementType.F32, rowSize, axes, strides))
                .withFingerprint(fingerprint);
    }

    /** This engine's layout of the same cache with other elements. */
    KvLayout nativeWith(ElementType type) {
        return holding == KvHolding.LATENT
                ? nativeLatentLayout(layers.size(), blocks(), blockSize(), headSize(), type, fingerprint)
                : nativeLayout(layers.size(), blocks(), heads.size(), blockSize(), headSize(), type, fingerprint);
    }

    /**
     * The same cache with wider elements, if this is one of this engine's layouts and {@code type} has every value of
     * {@link #elementType()}; else this one.
     */
    public KvLayout widened(ElementType type) {
        boolean wider = type != elementType && scales == null && elementType.widensTo(type);
        return wider && nativeWith(elementType).mismatch(this).isEmpty() ? nativeWith(type) : this;
    }

    /** The same cache of a model that is known. */
    public KvLayout withFingerprint(String known) {
        return new KvLayout(
                name, axes, sizes, strides, offset, separate, elementType, scales, holding, heads, layers, known);
    }

    /** The same elements with scales beside them. */
    public KvLayout withScales(@Nullable KvScales with) {
        return new KvLayout(
                name, axes, sizes, strides, offset, separate, elementType, with, holding, heads, layers, fingerprint);
    }

    /** Indices along {@code axis}, also where it is split in two; 1 if the layout does not have it. */
    public int size(KvAxis axis) {
        int size = 1;
        for (int i = 0; i < axes.size(); i++) {
            if (axes.get(i) == axis) {
                size *= sizes.get(i);
            }
        }
        return size;
    }

    /** Bytes between neighbours along {@code axis}; 0 if the layout does not have it. */
    public long stride(KvAxis axis) {
        int i = axes.lastIndexOf(axis);
        return i < 0 ? 0 : strides.get(i);
    }

    /** Tokens in a block. */
    public int blockSize() {
        return size(KvAxis.TOKEN);
    }

    /** Blocks of the cache. */
    public int blocks() {
        return size(KvAxis.BLOCK);
    }

    /** Channels of one key, one value or one latent row. */
    public int headSize() {
        int channels = size(KvAxis.CHANNEL);
        return holding == KvHolding.PACKED ? channels / 2 : channels;
    }

    /** Number of tensors that hold the cache: 1, or the product of the separate axes' sizes. */
    public int tensors() {
        int count = 1;
        for (int i = 0; i < separate; i++) {
            count *= sizes.get(i);
        }
        return count;
    }

    /** Whether indices along {@code axis} lie in tensors of their own. */
    public boolean separates(KvAxis axis) {
        return axes.subList(0, separate).contains(axis);
    }

    /** Which tensor holds one side of a layer; the first separate axis counts slowest. */
    int tensor(int layer, KvSide side) {
        int index = 0;
        for (int i = 0; i < separate; i++) {
            int along = axes.get(i) == KvAxis.LAYER ? layer : side == KvSide.VALUE ? 1 : 0;
            index = index * sizes.get(i) + along;
        }
        return index;
    }

    /** Bytes from the start of a tensor to past its last element or scale. */
    public long byteSize() {
        long last = offset + elementType.bytes();
        for (int i = separate; i < axes.size(); i++) {
            last += (sizes.get(i) - 1) * strides.get(i);
        }
        return Math.max(last, scalesEnd());
    }

    private long scalesEnd() {
        if (scales == null) {
            return 0;
        }
        long last = scales.offset() + scales.type().bytes();
        for (int i = 0; i < scales.axes().size(); i++) {
            last += (rowsAlong(scales.axes().get(i)) - 1) * scales.strides().get(i);
        }
        return last;
    }

    /** Indices along an axis of rows: 2 along {@link KvAxis#KV} also where key and value share their axes. */
    int rowsAlong(KvAxis axis) {
        if (axis == KvAxis.KV) {
            return holding == KvHolding.LATENT ? 1 : 2;
        }
        return size(axis);
    }

    /** {@link #byteSize()} with the padding that may follow the last element: where the next tensor would begin. */
    public long paddedByteSize() {
        long padded = byteSize();
        for (int i = separate; i < axes.size(); i++) {
            padded = Math.max(padded, offset + sizes.get(i) * strides.get(i));
        }
        return padded;
    }

    /** One layer of this cache; {@link #layerOffset} says where its memory begins. */
    public KvLayout oneLayer() {
        return with(strides, scales, 0, 1, blocks());
    }

    /** Byte of the cache with which the memory of a layer begins as {@link #oneLayer()} sees it. */
    public long layerOffset(int layer) {
        return layer * stride(KvAxis.LAYER);
    }

    /** So many blocks of one layer, one right behind the other from byte 0 on, each with the same inside as here. */
    public KvLayout denseBlocks(int count) {
        List<Long> dense = new ArrayList<>(strides);
        dense.set(axes.indexOf(KvAxis.BLOCK), blockBytes());
        dense.set(axes.indexOf(KvAxis.LAYER), blockBytes() * count);
        KvScales moved = scales == null ? null : scales.moved(-offset, blockBytes());
        return with(dense, moved, -offset, 1, count);
    }

    private KvLayout with(
            List<Long> otherStrides, @Nullable KvScales otherScales, long moved, int layerCount, int blockCount) {
        List<Integer> otherSizes = new ArrayList<>(sizes);
        otherSizes.set(axes.indexOf(KvAxis.BLOCK), blockCount);
        otherSizes.set(axes.indexOf(KvAxis.LAYER), layerCount);
        return new KvLayout(
                name,
                axes,
                otherSizes,
                otherStrides,
                offset + moved,
                separate,
                elementType,
                otherScales,
                holding,
                heads,
                Range.of(layerCount),
                fingerprint);
    }

    /** Byte offset of the first element of one block of one layer. */
    public long blockOffset(int layer, int block) {
        return offset + layer * stride(KvAxis.LAYER) + block * stride(KvAxis.BLOCK);
    }

    /**
     * Bytes of one block of one layer, if they are contiguous: the unit of a transfer between equal layouts.
     *
     * @throws IllegalStateException if other blocks' or layers' elements lie between them
     */
    public long blockBytes() {
        gap().ifPresent(gap -> {
            throw new IllegalStateException("KV layout '" + name + "': a block is not contiguous, " + gap);
        });
        long elements = 1;
        for (KvAxis axis : axes.stream().distinct().toList()) {
            elements *= axis == KvAxis.LAYER || axis == KvAxis.BLOCK ? 1 : size(axis);
        }
        long rows = elements / size(KvAxis.CHANNEL);
        return elements * elementType.bytes() + (scalesFollowRows() ? rows * scaleBytes() : 0);
    }

    /** Where a block of a layer has elements of others, or nothing, between its own. */
    private Optional<String> gap() {
        long dense = elementType.bytes();
        for (int i = axes.size() - 1; i >= 0; i--) {
            KvAxis axis = axes.get(i);
            if (axis == KvAxis.LAYER || axis == KvAxis.BLOCK) {
                continue;
            }
            if (strides.get(i) != dense) {
                return Optional.of("axis " + axis + " has stride " + strides.get(i) + ", dense would be " + dense);
            }
            dense *= sizes.get(i);
            if (axis == KvAxis.CHANNEL && scalesFollowRows()) {
                dense += scaleBytes();
            }
        }
        return Optional.empty();
    }

    private boolean scalesFollowRows() {
        return scales != null
                && scales.offset() == offset + (long) headSize() * elementType.bytes()
                && scales.axes().stream().allMatch(axis -> scales.stride(axis) == stride(axis));
    }

    private int scaleBytes() {
        return scales == null ? 0 : scales.type().bytes();
    }

    /**
     * Why blocks cannot be copied whole from this layout to {@code other}: the first field that differs, with both
     * values. The number of blocks may differ, and with it the layer stride.
     */
    public Optional<KvDifference> mismatch(KvLayout other) {
        return KvDifference.of("model fingerprint", fingerprint, other.fingerprint)
                .or(() -> KvDifference.of("element type", elementType.wireName(), other.elementType.wireName()))
                .or(() -> KvDifference.of("scales", scaleAxes(), other.scaleAxes()))
                .or(() -> KvDifference.of("holding of keys and values", holding.wireName(), other.holding.wireName()))
                .or(() -> KvDifference.of("axis order", KvAxis.wireNames(axes), KvAxis.wireNames(other.axes)))
                .or(() -> KvDifference.of("separate tensors", tensors(), other.tensors()))
                .or(() -> KvDifference.of("layers", layers, other.layers))
                .or(() -> KvDifference.of("KV heads", heads, other.heads))
                .or(() -> KvDifference.of(BLOCK_SIZE, blockSize(), other.blockSize()))
                .or(() -> KvDifference.of("head size", headSize(), other.headSize()))
                .or(() -> strideMismatch(other));
    }

    /**
     * Why a sequence cannot be carried block by block from this layout to {@code other} with every value as it is: as
     * {@link #mismatch}, but blocks may hold different numbers of tokens.
     */
    public Optional<KvDifference> mismatchBesideBlockSize(KvLayout other) {
        return mismatch(other)
                .filter(difference -> !difference.field().equals(BLOCK_SIZE))
                .or(() -> KvDifference.of("head size", headSize(), other.headSize()))
                .or(() -> KvDifference.of("gaps between the elements of a block", hasGaps(), other.hasGaps()));
    }

    private boolean hasGaps() {
        return gap().isPresent();
    }

    private Optional<KvDifference> strideMismatch(KvLayout other) {
        for (int i = 0; i < axes.size(); i++) {
            KvAxis axis = axes.get(i);
            if (axis != KvAxis.LAYER && axis != KvAxis.BLOCK && !Objects.equals(strides.get(i), other.strides.get(i))) {
                return KvDifference.of("stride of axis " + axis.wireName(), strides.get(i), other.strides.get(i));
            }
        }
        return Optional.empty();
    }

    private String scaleAxes() {
        return scales == null ? "none" : scales.type().wireName() + " " + KvAxis.wireNames(scales.axes());
    }

    /** One plane for keys and one for values, or one of latent rows. */
    List<KvPlane> planes() {
        int es = elementType.bytes();
        return switch (holding) {
            case SPLIT_AXIS ->
                List.of(plane(KvSide.KEY, 0, channels()), plane(KvSide.VALUE, stride(KvAxis.KV), channels()));
            case PACKED -> {
                long channel = stride(KvAxis.CHANNEL);
                List<KvPlane.Channels> half = List.of(new KvPlane.Channels(headSize(), channel));
                yield List.of(plane(KvSide.KEY, 0, half), plane(KvSide.VALUE, headSize() * channel, half));
            }
            case X_PACKED -> {
                KvPlane key = plane(KvSide.KEY, 0, channels());
                yield List.of(
                        key,
                        new KvPlane(
                                KvSide.VALUE,
                                offset + stride(KvAxis.KV),
                                key.head(),
                                es,
                                List.of(new KvPlane.Channels(headSize(), (long) blockSize() * es))));
            }
            case LATENT -> List.of(plane(KvSide.LATENT, 0, channels()));
        };
    }

    private KvPlane plane(KvSide side, long at, List<KvPlane.Channels> channels) {
        return new KvPlane(side, offset + at, stride(KvAxis.HEAD), stride(KvAxis.TOKEN), channels);
    }

    private List<KvPlane.Channels> channels() {
        List<KvPlane.Channels> digits = new ArrayList<>();
        for (int i = 0; i < axes.size(); i++) {
            if (axes.get(i) == KvAxis.CHANNEL) {
                digits.add(new KvPlane.Channels(sizes.get(i), strides.get(i)));
            }
        }
        return digits;
    }
}
