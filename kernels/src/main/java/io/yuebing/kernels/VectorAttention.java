package io.yuebing.kernels;

import static io.yuebing.kernels.Kernels.REDUCTION_LANES;
import static io.yuebing.kernels.Lanes.COUNT;
import static io.yuebing.kernels.Lanes.FLOATS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;

/**
 * Keys and values in vectors.
 *
 * <p>Head sizes that are not multiples of 16, which only toy models have, go through the plain loops.
 */
final class VectorAttention implements AttentionKernel {
    private static final VectorShuffle<Float> DOWN_8 = down(8);
    private static final VectorShuffle<Float> DOWN_4 = down(4);
    private static final VectorShuffle<Float> DOWN_2 = down(2);
    private static final VectorShuffle<Float> DOWN_1 = down(1);

    private final ScalarAttention scalar = new ScalarAttention();

    private static VectorShuffle<Float> down(int lanes) {
        return VectorShuffle.fromOp(FLOATS, i -> (i + lanes) % COUNT);
    }

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
        if (headSize % REDUCTION_LANES != 0) {
            scalar.scores(keys, count, headSize, q, qOffset, scale, scores, scoresOffset);
            return;
        }
        for (int i = 0; i < count; i++) {
            int key = i * headSize;
            FloatVector s0 = FloatVector.zero(FLOATS);
            FloatVector s1 = s0;
            FloatVector s2 = s0;
            FloatVector s3 = s0;
            for (int c = 0; c < headSize; c += REDUCTION_LANES) {
                s0 = FloatVector.fromArray(FLOATS, q, qOffset + c)
                        .fma(FloatVector.fromArray(FLOATS, keys, key + c), s0);
                if (COUNT < REDUCTION_LANES) {
                    s1 = FloatVector.fromArray(FLOATS, q, qOffset + c + COUNT)
                            .fma(FloatVector.fromArray(FLOATS, keys, key + c + COUNT), s1);
                }
                if (COUNT < REDUCTION_LANES / 2) {
                    s2 = FloatVector.fromArray(FLOATS, q, qOffset + c + 2 * COUNT)
                            .fma(FloatVector.fromArray(FLOATS, keys, key + c + 2 * COUNT), s2);
                    s3 = FloatVector.fromArray(FLOATS, q, qOffset + c + 3 * COUNT)
                            .fma(FloatVector.fromArray(FLOATS, keys, key + c + 3 * COUNT), s3);
                }
            }
            // the tree of Kernels.sum: lane i gets i + 8, i + 4, i + 2, i + 1
            FloatVector sum = COUNT == 16 ? s0.add(s0.rearrange(DOWN_8)) : COUNT == 8 ? s0.add(s1) : s0.add(s2);
            sum = COUNT > 4 ? sum.add(sum.rearrange(DOWN_4)) : sum.add(s1.add(s3));
            sum = sum.add(sum.rearrange(DOWN_2));
            sum = sum.add(sum.rearrange(DOWN_1));
            scores[scoresOffset + i] = sum.lane(0) * scale;
        }
    }

    @Override
    public void accumulate(
            float[] values, int count, int headSize, float[] weights, int weightsOffset, float[] out, int outOffset) {
        if (headSize % REDUCTION_LANES != 0) {
            scalar.accumulate(values, count, headSize, weights, weightsOffset, out, outOffset);
            return;
        }
        int channel = 0;
        for (; channel + 4 * COUNT <= headSize; channel += 4 * COUNT) {
            accumulateFour(values, count, headSize, weights, weightsOffset, out, outOffset, channel);
        }
        for (; channel < headSize; channel += COUNT) {
            FloatVector sum = FloatVector.fromArray(FLOATS, out, outOffset + channel);
            for (int i = 0; i < count; i++) {
                sum = FloatVector.broadcast(FLOATS, weights[weightsOffset + i])
                        .fma(FloatVector.fromArray(FLOATS, values, i * headSize + channel), sum);
            }
            sum.intoArray(out, outOffset + channel);
        }
    }

    private static void accumulateFour(
            float[] values,
            int count,
            int headSize,
            float[] weights,
            int weightsOffset,
            float[] out,
            int outOffset,
            int channel) {
        int at = outOffset + channel;
        FloatVector s0 = FloatVector.fromArray(FLOATS, out, at);
        FloatVector s1 = FloatVector.fromArray(FLOATS, out, at + COUNT);
        FloatVector s2 = FloatVector.fromArray(FLOATS, out, at + 2 * COUNT);
        FloatVector s3 = FloatVector.fromArray(FLOATS, out, at + 3 * COUNT);
        for (int i = 0; i < count; i++) {
            int value = i * headSize + channel;
            FloatVector weight = FloatVector.broadcast(FLOATS, weights[weightsOffset + i]);
            s0 = weight.fma(FloatVector.fromArray(FLOATS, values, value), s0);
            s1 = weight.fma(FloatVector.fromArray(FLOATS, values, value + COUNT), s1);
            s2 = weight.fma(FloatVector.fromArray(FLOATS, values, value + 2 * COUNT), s2);
            s3 = weight.fma(FloatVector.fromArray(FLOATS, values, value + 3 * COUNT), s3);
        }
        s0.intoArray(out, at);
        s1.intoArray(out, at + COUNT);
        s2.intoArray(out, at + 2 * COUNT);
        s3.intoArray(out, at + 3 * COUNT);
    }
}
