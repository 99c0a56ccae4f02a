package io.yuebing.kernels;

import static io.yuebing.kernels.Kernels.REDUCTION_LANES;

import java.util.Arrays;

/** Plain loops over scores. */
final class ScalarSelection implements SelectionKernel {
    /** Partial sums; a vocabulary has some hundred chunks for each token, too many to allocate for. */
    static final ThreadLocal<float[]> LANES = ThreadLocal.withInitial(() -> new float[REDUCTION_LANES]);

    @Override
    public float largest(float[] x, int at, int n) {
        float largest = Float.NEGATIVE_INFINITY;
        for (int i = at; i < at + n; i++) {
            largest = Math.max(largest, x[i]);
        }
        return largest;
    }

    @Override
    public int firstAtLeast(float[] x, int from, int to, float least) {
        for (int i = from; i < to; i++) {
            if (x[i] >= least) {
                return i;
            }
        }
        return to;
    }

    @Override
    public float exponentials(
            float[] x, int at, int n, float shift, float factor, float least, float[] weights, int weightsAt) {
        float[] lanes = LANES.get();
        Arrays.fill(lanes, 0);
        for (int i = 0; i < n; i++) {
            float e = Exponential.of((x[at + i] - shift) * factor);
            float weight = e >= least ? e : 0;
            weights[weightsAt + i] = weight;
            lanes[i % REDUCTION_LANES] += weight;
        }
        return Kernels.sum(lanes);
    }

    @Override
    public float sumAtLeast(float[] x, int at, int n, float least) {
        float[] lanes = LANES.get();
        Arrays.fill(lanes, 0);
        for (int i = 0; i < n; i++) {
            lanes[i % REDUCTION_LANES] += x[at + i] >= least ? x[at + i] : 0;
        }
        return Kernels.sum(lanes);
    }

    @Override
    public int countAtLeast(float[] x, int at, int n, float least) {
        int count = 0;
        for (int i = at; i < at + n; i++) {
            count += x[i] >= least ? 1 : 0;
        }
        return count;
    }
}
