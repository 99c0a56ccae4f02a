package io.yuebing.kernels;

import static io.yuebing.kernels.Kernels.REDUCTION_LANES;
import static io.yuebing.kernels.Lanes.COUNT;
import static io.yuebing.kernels.Lanes.FLOATS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Scores in vectors; what is left at a row's end goes through the plain loops. */
final class VectorSelection implements SelectionKernel {
    private final ScalarSelection scalar = new ScalarSelection();

    @Override
    public float largest(float[] x, int at, int n) {
        int whole = n - n % (2 * COUNT);
        FloatVector even = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
        FloatVector odd = even;
        for (int i = at; i < at + whole; i += 2 * COUNT) {
            even = even.max(FloatVector.fromArray(FLOATS, x, i));
            odd = odd.max(FloatVector.fromArray(FLOATS, x, i + COUNT));
        }
        return Math.max(even.max(odd).reduceLanes(VectorOperators.MAX), scalar.largest(x, at + whole, n - whole));
    }

    @Override
    public int firstAtLeast(float[] x, int from, int to, float least) {
        int i = from;
        for (; i + COUNT <= to; i += COUNT) {
            if (FloatVector.fromArray(FLOATS, x, i)
                    .compare(VectorOperators.GE, least)
                    .anyTrue()) {
                break;
            }
        }
        return scalar.firstAtLeast(x, i, to, least);
    }

    @Override
    public float exponentials(
            float[] x, int at, int n, float shift, float factor, float least, float[] weights, int weightsAt) {
        int whole = n - n % REDUCTION_LANES;
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector.fromArray(FLOATS, x, at + i).sub(shift).mul(factor).intoArray(weights, weightsAt + i);
        }
        VectorRows.exponentials(weights, weightsAt, 1, 0, weights, weightsAt, whole);
        float[] lanes = ScalarSelection.LANES.get();
        for (int part = 0; part < REDUCTION_LANES; part += COUNT) {
            FloatVector sum = FloatVector.zero(FLOATS);
            for (int i = weightsAt + part; i < weightsAt + whole; i += REDUCTION_LANES) {
                FloatVector weight = FloatVector.fromArray(FLOATS, weights, i);
                weight = FloatVector.zero(FLOATS).blend(weight, weight.compare(VectorOperators.GE, least));
                weight.intoArray(weights, i);
                sum = sum.add(weight);
            }
            sum.intoArray(lanes, part);
        }
        for (int i = whole; i < n; i++) {
            float e = Exponential.of((x[at + i] - shift) * factor);
            weights[weightsAt + i] = e >= least ? e : 0;
            lanes[i - whole] += weights[weightsAt + i];
        }
        return Kernels.sum(lanes);
    }

    @Override
    public float sumAtLeast(float[] x, int at, int n, float least) {
        float[] lanes = ScalarSelection.LANES.get();
        int whole = n - n % REDUCTION_LANES;
        for (int part = 0; part < REDUCTION_LANES; part += COUNT) {
            FloatVector sum = FloatVector.zero(FLOATS);
            for (int i = at + part; i < at + whole; i += REDUCTION_LANES) {
                FloatVector value = FloatVector.fromArray(FLOATS, x, i);
                sum = sum.add(FloatVector.zero(FLOATS).blend(value, value.compare(VectorOperators.GE, least)));
            }
            sum.intoArray(lanes, part);
        }
        for (int i = whole; i < n; i++) {
            lanes[i - whole] += x[at + i] >= least ? x[at + i] : 0;
        }
        return Kernels.sum(lanes);
    }

    @Override
    public int countAtLeast(float[] x, int at, int n, float least) {
        int whole = FLOATS.loopBound(n);
        int count = 0;
        for (int i = at; i < at + whole; i += COUNT) {
            count += FloatVector.fromArray(FLOATS, x, i)
                    .compare(VectorOperators.GE, least)
                    .trueCount();
        }
        return count + scalar.countAtLeast(x, at + whole, n - whole, least);
    }
}
