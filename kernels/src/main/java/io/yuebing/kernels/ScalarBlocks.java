package io.yuebing.kernels;

import static io.yuebing.kernels.PanelShape.ROWS;

import java.util.Arrays;

/** Plain loops over a block; rows are innermost, as lanes are. */
final class ScalarBlocks implements BlockKernel {
    @Override
    public void multiply(
            float[] block, int inputs, TokenBatch batch, int tokens, int firstInput, int blockIndex, float[] sums) {
        float[] chains = new float[ROWS];
        for (int token = 0; token < tokens; token++) {
            Arrays.fill(chains, 0);
            int x = batch.row(token) + firstInput;
            for (int k = 0; k < inputs; k++) {
                float activation = batch.values[x + k];
                for (int row = 0; row < ROWS; row++) {
                    chains[row] = Math.fma(activation, block[k * ROWS + row], chains[row]);
                }
            }
            float scale = batch.scales[batch.scale(token, blockIndex)];
            for (int row = 0; row < ROWS; row++) {
                int sum = token * ROWS + row;
                sums[sum] = Math.fma(chains[row], block[PanelKernel.BLOCK_SCALES + row] * scale, sums[sum]);
            }
        }
    }
}
