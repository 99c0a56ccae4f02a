package io.yuebing.kernels;

import static io.yuebing.kernels.Kernels.REDUCTION_LANES;
import static io.yuebing.kernels.Lanes.COUNT;
import static io.yuebing.kernels.Lanes.FLOATS;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/** Rows in vectors; what is left at a row's end goes through the plain loops. */
final class VectorRows implements RowKernel {
    private static final int CHUNK = 512;

    /** Exponentials of one chunk of gates; the gates themselves may be overwritten by the results. */
    private static final ThreadLocal<float[]> EXPONENTIALS = ThreadLocal.withInitial(() -> new float[CHUNK]);

    private final ScalarRows scalar = new ScalarRows();

    @Override
    public float sumOfSquares(float[] x, int offset, int n) {
        float[] lanes = new float[REDUCTION_LANES];
        int whole = n - n % REDUCTION_LANES;
        for (int part = 0; part < REDUCTION_LANES; part += COUNT) {
            FloatVector sum = FloatVector.zero(FLOATS);
            for (int i = part; i < whole; i += REDUCTION_LANES) {
                FloatVector value = FloatVector.fromArray(FLOATS, x, offset + i);
                sum = value.fma(value, sum);
            }
            sum.intoArray(lanes, part);
        }
        for (int i = whole; i < n; i++) {
            float value = x[offset + i];
            lanes[i - whole] = Math.fma(value, value, lanes[i - whole]);
        }
        return Kernels.sum(lanes);
    }

    @Override
    public void siluMul(float[] gate, int gateOffset, float[] up, int upOffset, float[] out, int outOffset, int n) {
        float[] e = EXPONENTIALS.get();
        int whole = FLOATS.loopBound(n);
        for (int first = 0; first < whole; first += CHUNK) {
            int chunk = Math.min(CHUNK, whole - first);
            exponentials(gate, gateOffset + first, -1, 0, e, 0, chunk);
            for (int i = 0; i < chunk; i += COUNT) {
                FloatVector.fromArray(FLOATS, gate, gateOffset + first + i)
                        .div(FloatVector.fromArray(FLOATS, e, i).add(1))
                        .mul(FloatVector.fromArray(FLOATS, up, upOffset + first + i))
                        .intoArray(out, outOffset + first + i);
            }
        }
        scalar.siluMul(gate, gateOffset + whole, up, upOffset + whole, out, outOffset + whole, n - whole);
    }

    @Override
    public void geluMul(float[] gate, int gateOffset, float[] up, int upOffset, float[] out, int outOffset, int n) {
        float[] e = EXPONENTIALS.get();
        int whole = FLOATS.loopBound(n);
        for (int first = 0; first < whole; first += CHUNK) {
            int chunk = Math.min(CHUNK, whole - first);
            for (int i = 0; i < chunk; i += COUNT) {
                FloatVector x = FloatVector.fromArray(FLOATS, gate, gateOffset + first + i);
                x.mul(GELU_CUBIC).mul(x).fma(x, x).mul(GELU_SCALE).intoArray(e, i);
            }
            exponentials(e, 0, -2, 0, e, 0, chunk);
            for (int i = 0; i < chunk; i += COUNT) {
                FloatVector.fromArray(FLOATS, gate, gateOffset + first + i)
                        .div(FloatVector.fromArray(FLOATS, e, i).add(1))
                        .mul(FloatVector.fromArray(FLOATS, up, upOffset + first + i))
                        .intoArray(out, outOffset + first + i);
            }
        }
        scalar.geluMul(gate, gateOffset + whole, up, upOffset + whole, out, outOffset + whole, n - whole);
    }

    @Override
    public void softCap(float[] x, int offset, int n, float cap) {
        float[] e = EXPONENTIALS.get();
        int whole = FLOATS.loopBound(n);
        for (int first = offset; first < offset + whole; first += CHUNK) {
            int chunk = Math.min(CHUNK, offset + whole - first);
            exponentials(x, first, 2 / cap, 0, e, 0, chunk);
            for (int i = 0; i < chunk; i += COUNT) {
                FloatVector below = FloatVector.broadcast(FLOATS, 2)
                        .div(FloatVector.fromArray(FLOATS, e, i).add(1));
                FloatVector.broadcast(FLOATS, 1).sub(below).mul(cap).intoArray(x, first + i);
            }
        }
        scalar.softCap(x, offset + whole, n - whole, cap);
    }

    /**
     * {@code to[i] = exp(factor * from[i] - shift)} for whole vectors: {@link Exponential#of} in each lane.
     *
     * <p>From array to array, because a vector that a method returns may end up on the heap.
     */
    static void exponentials(float[] from, int at, float factor, float shift, float[] to, int toAt, int n) {
        FloatVector rounder = FloatVector.broadcast(FLOATS, ROUNDER);
        for (int i = 0; i < n; i += COUNT) {
            FloatVector value =
                    FloatVector.fromArray(FLOATS, from, at + i).mul(factor).sub(shift);
            FloatVector x = value.max(Exponential.SMALLEST).min(Exponential.LARGEST);
            FloatVector rounded = x.fma(FloatVector.broadcast(FLOATS, Exponential.LOG2_E), rounder);
            FloatVector k = rounded.sub(rounder);
            FloatVector r = k.fma(FloatVector.broadcast(FLOATS, -Exponential.LN2_HIGH), x);
            r = k.fma(FloatVector.broadcast(FLOATS, -Exponential.LN2_LOW), r);
            FloatVector p =
                    r.fma(FloatVector.broadcast(FLOATS, Exponential.C7), FloatVector.broadcast(FLOATS, Exponential.C6));
            p = p.fma(r, FloatVector.broadcast(FLOATS, Exponential.C5));
            p = p.fma(r, FloatVector.broadcast(FLOATS, Exponential.C4));
            p = p.fma(r, FloatVector.broadcast(FLOATS, Exponential.C3));
            p = p.fma(r, FloatVector.broadcast(FLOATS, Exponential.C2));
            p = p.fma(r.mul(r), r).add(1);
            IntVector exponent = rounded.reinterpretAsInts().sub(rounder.reinterpretAsInts());
            IntVector half = exponent.lanewise(VectorOperators.ASHR, 1);
            IntVector first =
                    half.add(Exponential.EXPONENT_BIAS).lanewise(VectorOperators.LSHL, Exponential.MANTISSA_BITS);
            IntVector second = exponent.sub(half)
                    .add(Exponential.EXPONENT_BIAS)
                    .lanewise(VectorOperators.LSHL, Exponential.MANTISSA_BITS);
            p.mul(first.reinterpretAsFloats())
                    .mul(second.reinterpretAsFloats())
                    .blend(0, value.compare(VectorOperators.LT, Exponential.SMALLEST))
                    .intoArray(to, toAt + i);
        }
    }

    @Override
    public float exponentials(float[] scores, int offset, int n) {
        float largest = largest(scores, offset, n);
        int whole = n - n % REDUCTION_LANES;
        exponentials(scores, offset, 1, largest, scores, offset, whole);
        float[] lanes = new float[REDUCTION_LANES];
        for (int part = 0; part < REDUCTION_LANES; part += COUNT) {
            FloatVector sum = FloatVector.zero(FLOATS);
            for (int i = part; i < whole; i += REDUCTION_LANES) {
                sum = sum.add(FloatVector.fromArray(FLOATS, scores, offset + i));
            }
            sum.intoArray(lanes, part);
        }
        for (int i = whole; i < n; i++) {
            float e = Exponential.of(scores[offset + i] - largest);
            scores[offset + i] = e;
            lanes[i - whole] += e;
        }
        return Kernels.sum(lanes);
    }

    private static float largest(float[] values, int offset, int n) {
        int whole = FLOATS.loopBound(n);
        FloatVector lanes = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < whole; i += COUNT) {
            lanes = lanes.max(FloatVector.fromArray(FLOATS, values, offset + i));
        }
        float largest = lanes.reduceLanes(VectorOperators.MAX);
        for (int i = whole; i < n; i++) {
            largest = Math.max(largest, values[offset + i]);
        }
        return largest;
    }

    @Override
    public float quantize(float[] values, int offset, int n) {
        float largest = largestMagnitude(values, offset, n);
        if (!(largest >= TINY && largest <= Float.MAX_VALUE)) {
            Arrays.fill(values, offset, offset + n, 0);
            return largest < TINY ? 0 : Float.NaN;
        }
        float factor = LARGEST_INT8 / largest;
        int whole = FLOATS.loopBound(n);
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector.fromArray(FLOATS, values, offset + i)
                    .mul(factor)
                    .add(ROUNDER)
                    .sub(ROUNDER)
                    .intoArray(values, offset + i);
        }
        for (int i = whole; i < n; i++) {
            values[offset + i] = values[offset + i] * factor + ROUNDER - ROUNDER;
        }
        return largest / LARGEST_INT8;
    }

    private static float largestMagnitude(float[] values, int offset, int n) {
        int whole = FLOATS.loopBound(n);
        FloatVector lanes = FloatVector.zero(FLOATS);
        for (int i = 0; i < whole; i += COUNT) {
            lanes = lanes.max(FloatVector.fromArray(FLOATS, values, offset + i).abs());
        }
        float largest = lanes.reduceLanes(VectorOperators.MAX);
        for (int i = whole; i < n; i++) {
            largest = Math.max(largest, Math.abs(values[offset + i]));
        }
        return largest;
    }

    @Override
    public void bf16ToFloat(MemorySegment src, long byteOffset, float[] dst, int dstOffset, int n) {
        int whole = FLOATS.loopBound(n);
        for (int i = 0; i < whole; i += COUNT) {
            ShortVector bits = ShortVector.fromMemorySegment(
                    Lanes.HALF_SHORTS, src, byteOffset + (long) i * Short.BYTES, ByteOrder.LITTLE_ENDIAN);
            ((IntVector) bits.convertShape(VectorOperators.S2I, Lanes.INTS, 0))
                    .lanewise(VectorOperators.LSHL, Short.SIZE)
                    .reinterpretAsFloats()
                    .intoArray(dst, dstOffset + i);
        }
        scalar.bf16ToFloat(src, byteOffset + (long) whole * Short.BYTES, dst, dstOffset + whole, n - whole);
    }
}
