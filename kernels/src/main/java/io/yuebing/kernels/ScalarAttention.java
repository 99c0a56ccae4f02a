package io.yuebing.kernels;

import static io.yuebing.kernels.Kernels.REDUCTION_LANES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Plain loops over keys and values. */
final class ScalarAttention implements AttentionKernel {
    @Override
    public void readKeys(
            MemorySegment cache, long[] rows, CacheElement element, int from, int channels, float[] to, int[] scratch) {
        for (int position = 0; position < TILE; position++) {
            for (int c = from; c < channels; c++) {
                to[c * TILE + position] = read(cache, rows[position] + (long) c * element.bytes(), element);
            }
        }
    }

    @Override
    public void readValues(
            MemorySegment cache, long[] rows, long offset, CacheElement element, int from, int channels, float[] to) {
        for (int position = 0; position < TILE; position++) {
            for (int c = from; c < channels; c++) {
                long at = rows[position] + offset + (long) c * element.bytes();
                to[position * channels + c] = read(cache, at, element);
            }
        }
    }

    private static float read(MemorySegment cache, long at, CacheElement element) {
        return switch (element) {
            case F32 -> cache.get(Attention.SCALE, at);
            case F16 -> Float.float16ToFloat(cache.get(Rows.SHORT, at));
            case BF16 -> Rows.bf16ToFloat(cache.get(Rows.SHORT, at));
            case INT8 -> cache.get(ValueLayout.JAVA_BYTE, at);
        };
    }

    @Override
    public void scores(
            float[] keys,
            int channels,
            float[] keyScales,
            float scale,
            float[] q,
            int[] at,
            int from,
            int to,
            float[] scores) {
        for (int m = from; m < to; m++) {
            for (int i = 0; i < TILE; i++) {
                float sum = 0;
                for (int c = 0; c < channels; c++) {
                    sum = Math.fma(q[at[m] + c], keys[c * TILE + i], sum);
                }
                scores[m * TILE + i] = sum * keyScales[i] * scale;
            }
        }
    }

    @Override
    public void weigh(float[] scores, int from, int to, float[] largest, float[] sums, float[] scratch) {
        for (int m = from; m < to; m++) {
            for (int i = m * TILE; i < (m + 1) * TILE; i++) {
                largest[m] = Math.max(largest[m], scores[i]);
            }
            Arrays.fill(scratch, 0);
            for (int i = 0; i < TILE; i++) {
                float e = Exponential.of(scores[m * TILE + i] - largest[m]);
                scores[m * TILE + i] = e;
                scratch[i % REDUCTION_LANES] += e;
            }
            sums[m] = Kernels.sum(scratch);
        }
    }

    @Override
    public void accumulate(
            float[] values,
            int channels,
            int first,
            int last,
            float[] weights,
            int weightsAt,
            float[] sums,
            int sumsAt,
            int stride,
            int queries) {
        for (int m = 0; m < queries; m++) {
            for (int i = first; i < last; i++) {
                float weight = weights[weightsAt + m * TILE + i];
                for (int c = 0; c < channels; c++) {
                    int sum = sumsAt + m * stride + c;
                    sums[sum] = Math.fma(weight, values[i * channels + c], sums[sum]);
                }
            }
        }
    }
}
