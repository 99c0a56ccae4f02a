package io.yuebing.kernels;

import static io.yuebing.kernels.Kernels.REDUCTION_LANES;

import java.util.Arrays;

/** Plain loops over keys and values. */
final class ScalarAttention implements AttentionKernel {
    @Override
    public void scores(
            float[] keys,
            int count,
            int headSize,
            float[] q,
            int qOffset,
            float scale,
            float[] scores,
            int scoresOffset) {
        float[] lanes = new float[REDUCTION_LANES];
        for (int i = 0; i < count; i++) {
            Arrays.fill(lanes, 0);
            for (int c = 0; c < headSize; c++) {
                int lane = c % REDUCTION_LANES;
                lanes[lane] = Math.fma(q[qOffset + c], keys[i * headSize + c], lanes[lane]);
            }
            scores[scoresOffset + i] = Kernels.sum(lanes) * scale;
        }
    }

    @Override
    public void accumulate(
            float[] values, int count, int headSize, float[] weights, int weightsOffset, float[] out, int outOffset) {
        for (int i = 0; i < count; i++) {
            float weight = weights[weightsOffset + i];
            for (int c = 0; c < headSize; c++) {
                out[outOffset + c] = Math.fma(weight, values[i * headSize + c], out[outOffset + c]);
            }
        }
    }
}
