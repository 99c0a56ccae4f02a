package io.yuebing.kernels;

import java.lang.foreign.MemorySegment;

/** Multiplies a packed panel with one token, without unpacking it to memory. */
interface SingleTokenKernel {
    /**
     * Adds the panel's products to the rows' sums, with the bits that {@link BlockKernel} gives.
     *
     * @param panel byte offset of the panel
     * @param batch one token, with {@link TokenBatch#pair} done if its activations are integers
     * @param sums 32 sums from index 0
     */
    void multiply(PanelShape shape, MemorySegment panels, long panel, TokenBatch batch, float[] sums);
}
