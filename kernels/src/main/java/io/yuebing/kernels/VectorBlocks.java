package io.yuebing.kernels;

import static io.yuebing.kernels.Lanes.COUNT;
import static io.yuebing.kernels.Lanes.FLOATS;
import static io.yuebing.kernels.PanelKernel.BLOCK_SCALES;
import static io.yuebing.kernels.PanelShape.ROWS;

import jdk.incubator.vector.FloatVector;

/**
 * Blocks in register tiles of 4 tokens by 2 vectors of rows.
 *
 * <p>Eight chains are as many as a core with two multiply-add units of four cycles needs, and fit the 16 registers of
 * AVX2. The lines are written out because arrays of vectors, and small methods that return vectors, end up on the heap.
 */
final class VectorBlocks implements BlockKernel {
    private static final int TILE_TOKENS = 4;

    @Override
    public void multiply(
            float[] block, int inputs, TokenBatch batch, int tokens, int firstInput, int blockIndex, float[] sums) {
        for (int row = 0; row < ROWS; row += 2 * COUNT) {
            int token = 0;
            for (; token + TILE_TOKENS <= tokens; token += TILE_TOKENS) {
                multiplyFour(block, inputs, batch, token, firstInput, blockIndex, sums, row);
            }
            for (; token < tokens; token++) {
                multiplyOne(block, inputs, batch, token, firstInput, blockIndex, sums, row);
            }
        }
    }

    private static void multiplyFour(
            float[] block,
            int inputs,
            TokenBatch batch,
            int token,
            int firstInput,
            int blockIndex,
            float[] sums,
            int row) {
        float[] x = batch.values;
        int x0 = batch.row(token) + firstInput;
        int x1 = batch.row(token + 1) + firstInput;
        int x2 = batch.row(token + 2) + firstInput;
        int x3 = batch.row(token + 3) + firstInput;
        FloatVector a0 = FloatVector.zero(FLOATS);
        FloatVector b0 = a0;
        FloatVector a1 = a0;
        FloatVector b1 = a0;
        FloatVector a2 = a0;
        FloatVector b2 = a0;
        FloatVector a3 = a0;
        FloatVector b3 = a0;
        for (int k = 0; k < inputs; k++) {
            FloatVector a = FloatVector.fromArray(FLOATS, block, k * ROWS + row);
            FloatVector b = FloatVector.fromArray(FLOATS, block, k * ROWS + row + COUNT);
            FloatVector x0k = FloatVector.broadcast(FLOATS, x[x0 + k]);
            a0 = x0k.fma(a, a0);
            b0 = x0k.fma(b, b0);
            FloatVector x1k = FloatVector.broadcast(FLOATS, x[x1 + k]);
            a1 = x1k.fma(a, a1);
            b1 = x1k.fma(b, b1);
            FloatVector x2k = FloatVector.broadcast(FLOATS, x[x2 + k]);
            a2 = x2k.fma(a, a2);
            b2 = x2k.fma(b, b2);
            FloatVector x3k = FloatVector.broadcast(FLOATS, x[x3 + k]);
            a3 = x3k.fma(a, a3);
            b3 = x3k.fma(b, b3);
        }
        FloatVector scaleA = FloatVector.fromArray(FLOATS, block, BLOCK_SCALES + row);
        FloatVector scaleB = FloatVector.fromArray(FLOATS, block, BLOCK_SCALES + row + COUNT);
        float scale0 = batch.scales[batch.scale(token, blockIndex)];
        float scale1 = batch.scales[batch.scale(token + 1, blockIndex)];
        float scale2 = batch.scales[batch.scale(token + 2, blockIndex)];
        float scale3 = batch.scales[batch.scale(token + 3, blockIndex)];
        int s = token * ROWS + row;
        a0.fma(scaleA.mul(scale0), FloatVector.fromArray(FLOATS, sums, s)).intoArray(sums, s);
        b0.fma(scaleB.mul(scale0), FloatVector.fromArray(FLOATS, sums, s + COUNT))
                .intoArray(sums, s + COUNT);
        s += ROWS;
        a1.fma(scaleA.mul(scale1), FloatVector.fromArray(FLOATS, sums, s)).intoArray(sums, s);
        b1.fma(scaleB.mul(scale1), FloatVector.fromArray(FLOATS, sums, s + COUNT))
                .intoArray(sums, s + COUNT);
        s += ROWS;
        a2.fma(scaleA.mul(scale2), FloatVector.fromArray(FLOATS, sums, s)).intoArray(sums, s);
        b2.fma(scaleB.mul(scale2), FloatVector.fromArray(FLOATS, sums, s + COUNT))
                .intoArray(sums, s + COUNT);
        s += ROWS;
        a3.fma(scaleA.mul(scale3), FloatVector.fromArray(FLOATS, sums, s)).intoArray(sums, s);
        b3.fma(scaleB.mul(scale3), FloatVector.fromArray(FLOATS, sums, s + COUNT))
                .intoArray(sums, s + COUNT);
    }

    private static void multiplyOne(
            float[] block,
            int inputs,
            TokenBatch batch,
            int token,
            int firstInput,
            int blockIndex,
            float[] sums,
            int row) {
        float[] x = batch.values;
        int x0 = batch.row(token) + firstInput;
        FloatVector a0 = FloatVector.zero(FLOATS);
        FloatVector b0 = a0;
        for (int k = 0; k < inputs; k++) {
            FloatVector x0k = FloatVector.broadcast(FLOATS, x[x0 + k]);
            a0 = x0k.fma(FloatVector.fromArray(FLOATS, block, k * ROWS + row), a0);
            b0 = x0k.fma(FloatVector.fromArray(FLOATS, block, k * ROWS + row + COUNT), b0);
        }
        FloatVector scaleA = FloatVector.fromArray(FLOATS, block, BLOCK_SCALES + row);
        FloatVector scaleB = FloatVector.fromArray(FLOATS, block, BLOCK_SCALES + row + COUNT);
        float scale = batch.scales[batch.scale(token, blockIndex)];
        int s = token * ROWS + row;
        a0.fma(scaleA.mul(scale), FloatVector.fromArray(FLOATS, sums, s)).intoArray(sums, s);
        b0.fma(scaleB.mul(scale), FloatVector.fromArray(FLOATS, sums, s + COUNT))
                .intoArray(sums, s + COUNT);
    }
}
