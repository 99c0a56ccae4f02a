package io.yuebing.kernels;

/** Multiplies an unpacked block of a panel with the activations of some tokens. */
interface BlockKernel {
    /**
     * For each token t and row r: {@code sums[t][r] += scale[r] * scale[t] * (block[0][r] x[t][0] + ...)}, where the
     * inner sum is a chain of fused multiply-adds in ascending order and the addition is one more.
     *
     * @param block as {@link PanelKernel#unpack} wrote it
     * @param inputs inputs of the block
     * @param batch activations
     * @param tokens tokens of the batch
     * @param firstInput index of the block's first input in a row of the batch
     * @param blockIndex index of the block among a row's scales
     * @param sums {@code [token][32]}
     */
    void multiply(
            float[] block, int inputs, TokenBatch batch, int tokens, int firstInput, int blockIndex, float[] sums);
}
