package io.yuebing.kernels;

import static io.yuebing.kernels.PanelShape.BLOCK;
import static io.yuebing.kernels.PanelShape.ROWS;
import static io.yuebing.kernels.PanelShape.RUNS;

/** Memory of a thread that multiplies panels: one block at a time, unpacked, with the sums it leads to. */
final class BlockScratch {
    /** Distance of a run's sums from the next run's. */
    static final int RUN_SUMS = TokenBatch.TILE * ROWS;

    private static final ThreadLocal<BlockScratch> OF_THREAD = ThreadLocal.withInitial(BlockScratch::new);

    /** A block as floats, {@code [input][row]}: weights, or {@code code - zero}. */
    final float[] weights = new float[BLOCK * ROWS];

    /** A block's words of 4-bit codes, shifted: {@code [word][0, 4, 8, 12 bits][row]}. */
    final int[] codes = new int[BLOCK / 8 * 4 * ROWS];

    /** Of a group, for each row. */
    final float[] scales = new float[ROWS];

    /** Of a group, for each row, as the kernel needs them. */
    final float[] zeros = new float[ROWS];

    /** {@code [run][token of a tile][row]} */
    final float[] floatSums = new float[RUNS * RUN_SUMS];

    /** The same; each half holds the sum of half of the products. */
    final int[] pairSums = new int[RUNS * RUN_SUMS];

    /** {@code [token][row]} */
    final float[] sums = new float[TokenBatch.MAX_TOKENS * ROWS];

    /** An activation row as it comes, and in the order of the codes. */
    float[] row = {};

    float[] ordered = {};

    static BlockScratch ofThread() {
        return OF_THREAD.get();
    }

    void reserveRows(int length) {
        if (row.length < length) {
            row = new float[length];
            ordered = new float[length];
        }
    }
}
