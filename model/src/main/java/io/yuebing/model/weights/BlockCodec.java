package io.yuebing.model.weights;

import java.util.EnumMap;
import java.util.Map;

/**
 * How one of ggml's block types holds weights. The layouts are those of ggml-common.h; {@code qs[i]} below is byte
 * {@code i} of the codes, {@code d} the scale in half precision.
 */
interface BlockCodec {
    /** Codecs of all block types. */
    Map<TensorType, BlockCodec> ALL = all();

    /** Width of a code, 2 to 8. */
    int bits();

    /** Elements that share a scale and an offset. */
    int groupSize();

    /** Whether groups have an offset. */
    boolean hasOffsets();

    /** The code of weight 0, apart from the offset: the middle of those without offsets. */
    default int zero() {
        return hasOffsets() ? 0 : 1 << bits() - 1;
    }

    /** Reads scales and offsets of the block at {@code data[at]}. */
    void scales(byte[] data, int at, Block into);

    /** Reads its codes. */
    void codes(byte[] data, int at, Block into);

    private static Map<TensorType, BlockCodec> all() {
        Map<TensorType, BlockCodec> all = new EnumMap<>(TensorType.class);
        all.put(TensorType.Q4_0, new SmallBlocks.Q4(false));
        all.put(TensorType.Q4_1, new SmallBlocks.Q4(true));
        all.put(TensorType.Q5_0, new SmallBlocks.Q5(false));
        all.put(TensorType.Q5_1, new SmallBlocks.Q5(true));
        all.put(TensorType.Q8_0, new SmallBlocks.Q8());
        all.put(TensorType.IQ4_NL, new SmallBlocks.Iq4Nl());
        all.put(TensorType.MXFP4, new SmallBlocks.Mxfp4());
        all.put(TensorType.Q2_K, new SuperBlocks.Q2K());
        all.put(TensorType.Q3_K, new SuperBlocks.Q3K());
        all.put(TensorType.Q4_K, new SuperBlocks.Q4K());
        all.put(TensorType.Q5_K, new SuperBlocks.Q5K());
        all.put(TensorType.Q6_K, new SuperBlocks.Q6K());
        all.put(TensorType.IQ4_XS, new SuperBlocks.Iq4Xs());
        return all;
    }
}
