package io.yuebing.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The paged KV cache of one layer: its form, and how a token's keys and values are written.
 *
 * @see BatchAttention
 */
public final class Attention {
    static final int KEYS = 0;
    static final int VALUES = 1;

    static final ValueLayout.OfFloat SCALE = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** A head's row of integers before they become bytes. */
    private static final ThreadLocal<float[]> QUANTISED = ThreadLocal.withInitial(() -> new float[256]);

    private Attention() {}

    /**
     * The cache of one layer, little-endian.
     *
     * @param layer the memory of this layer only
     * @param element how a row is stored
     * @param blockSize tokens of a block
     * @param headSize channels of a head, contiguous
     * @param kvHeads heads of keys, and of values
     * @param blockStride bytes from a block to the next
     * @param kvStride bytes from a block's keys to its values; 0 where one row is both
     * @param headStride bytes from a head to the next
     * @param tokenStride bytes from a token to the next
     */
    public record CacheView(
            MemorySegment layer,
            CacheElement element,
            int blockSize,
            int headSize,
            int kvHeads,
            long blockStride,
            long kvStride,
            long headStride,
            long tokenStride) {

        long offset(int block, int keysOrValues, int head, int slot) {
            return block * blockStride + keysOrValues * kvStride + head * headStride + slot * tokenStride;
        }

        /** What the row of a token and head is multiplied with; 1 where rows have no scale. */
        float scale(long row) {
            return element.scaled() ? layer.get(SCALE, row + (long) headSize * element.bytes()) : 1;
        }

        private void writeRow(float[] from, int offset, long at) {
            switch (element) {
                case F32 -> Rows.floatToF32(from, offset, layer, at, headSize);
                case F16 -> Rows.floatToF16(from, offset, layer, at, headSize);
                case BF16 -> Rows.floatToBf16(from, offset, layer, at, headSize);
                case INT8 -> writeQuantised(from, offset, at);
            }
        }

        private void writeQuantised(float[] from, int offset, long at) {
            float[] integers = QUANTISED.get();
            if (integers.length < headSize) {
                integers = new float[headSize];
                QUANTISED.set(integers);
            }
            System.arraycopy(from, offset, integers, 0, headSize);
            float scale = Kernels.active().rows().quantize(integers, 0, headSize);
            for (int i = 0; i < headSize; i++) {
                layer.set(ValueLayout.JAVA_BYTE, at + i, (byte) integers[i]);
            }
            layer.set(SCALE, at + headSize, scale);
        }
    }

    /**
     * Writes the keys and values of one token.
     *
     * @param block id of the block
     * @param slot place of the token in the block
     * @param k {@code kvHeads x headSize} values at {@code kOffset}; rounded to the nearest that the cache can hold
     * @param v the same for values
     */
    public static void write(CacheView c, int block, int slot, float[] k, int kOffset, float[] v, int vOffset) {
        for (int head = 0; head < c.kvHeads(); head++) {
            c.writeRow(k, kOffset + head * c.headSize(), c.offset(block, KEYS, head, slot));
            c.writeRow(v, vOffset + head * c.headSize(), c.offset(block, VALUES, head, slot));
        }
    }

    /**
     * Writes the row of one token where it is key and value.
     *
     * @param row {@code headSize} values at {@code offset}
     */
    public static void writeLatent(CacheView c, int block, int slot, float[] row, int offset) {
        c.writeRow(row, offset, c.offset(block, KEYS, 0, slot));
    }
}
