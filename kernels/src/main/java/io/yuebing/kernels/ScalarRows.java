package io.yuebing.kernels;

import static io.yuebing.kernels.Kernels.REDUCTION_LANES;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Plain loops over rows. */
final class ScalarRows implements RowKernel {
    @Override
    public float sumOfSquares(float[] x, int offset, int n) {
        float[] lanes = new float[REDUCTION_LANES];
        for (int i = 0; i < n; i++) {
            float value = x[offset + i];
            lanes[i % REDUCTION_LANES] = Math.fma(value, value, lanes[i % REDUCTION_LANES]);
        }
        return Kernels.sum(lanes);
    }

    @Override
    public void siluMul(float[] gate, int gateOffset, float[] up, int upOffset, float[] out, int outOffset, int n) {
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = siluMul(gate[gateOffset + i], up[upOffset + i]);
        }
    }

    static float siluMul(float gate, float up) {
        return gate / (1 + Exponential.of(-gate)) * up;
    }

    @Override
    public void geluMul(float[] gate, int gateOffset, float[] up, int upOffset, float[] out, int outOffset, int n) {
        for (int i = 0; i < n; i++) {
            float x = gate[gateOffset + i];
            out[outOffset + i] = x / (1 + Exponential.of(-2 * geluInner(x))) * up[upOffset + i];
        }
    }

    static float geluInner(float x) {
        return GELU_SCALE * Math.fma(GELU_CUBIC * x * x, x, x);
    }

    @Override
    public void softCap(float[] x, int offset, int n, float cap) {
        for (int i = offset; i < offset + n; i++) {
            x[i] = cap * (1 - 2 / (Exponential.of(2 / cap * x[i]) + 1));
        }
    }

    @Override
    public float exponentials(float[] scores, int offset, int n) {
        float largest = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            largest = Math.max(largest, scores[offset + i]);
        }
        float[] lanes = new float[REDUCTION_LANES];
        for (int i = 0; i < n; i++) {
            float e = Exponential.of(scores[offset + i] - largest);
            scores[offset + i] = e;
            lanes[i % REDUCTION_LANES] += e;
        }
        return Kernels.sum(lanes);
    }

    @Override
    public float quantize(float[] values, int offset, int n) {
        float largest = 0;
        for (int i = 0; i < n; i++) {
            largest = Math.max(largest, Math.abs(values[offset + i]));
        }
        if (!(largest >= TINY && largest <= Float.MAX_VALUE)) {
            Arrays.fill(values, offset, offset + n, 0);
            return largest < TINY ? 0 : Float.NaN;
        }
        float factor = LARGEST_INT8 / largest;
        for (int i = 0; i < n; i++) {
            values[offset + i] = values[offset + i] * factor + ROUNDER - ROUNDER;
        }
        return largest / LARGEST_INT8;
    }

    @Override
    public void bf16ToFloat(MemorySegment src, long byteOffset, float[] dst, int dstOffset, int n) {
        for (int i = 0; i < n; i++) {
            dst[dstOffset + i] = Rows.bf16ToFloat(src.get(Rows.SHORT, byteOffset + (long) i * Short.BYTES));
        }
    }
}
