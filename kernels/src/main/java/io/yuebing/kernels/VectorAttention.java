package io.yuebing.kernels;

import static io.yuebing.kernels.Lanes.COUNT;
import static io.yuebing.kernels.Lanes.FLOATS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Keys and values in vectors, up to four queries with four vectors at a time: as many sums as the units of a processor are
 * deep, and as few loads for each.
 */
final class VectorAttention implements AttentionKernel {
    /** Positions, or channels, whose sums are held in registers at a time for each query. */
    private static final int WIDE = 4 * COUNT;

    private final ScalarAttention scalar = new ScalarAttention();

    @Override
    public void readKeys(
            MemorySegment cache, long[] rows, CacheElement element, int from, int channels, float[] to, int[] scratch) {
        int read = VectorCacheRows.keys(cache, rows, element, from, channels, to, scratch);
        if (read < channels) {
            scalar.readKeys(cache, rows, element, read, channels, to, scratch);
        }
    }

    @Override
    public void readValues(
            MemorySegment cache, long[] rows, long offset, CacheElement element, int from, int channels, float[] to) {
        int read = VectorCacheRows.values(cache, rows, offset, element, from, channels, to);
        if (read < channels) {
            scalar.readValues(cache, rows, offset, element, read, channels, to);
        }
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
        for (int position = 0; position < TILE; position += WIDE) {
            int m = from;
            for (; m + 4 <= to; m += 4) {
                int first = m * TILE + position;
                fourScores(keys, channels, position, q, at[m], at[m + 1], at[m + 2], at[m + 3], scores, first);
            }
            for (; m + 2 <= to; m += 2) {
                twoScores(keys, channels, position, q, at[m], at[m + 1], scores, m * TILE + position);
            }
            if (m < to) {
                oneScore(keys, channels, position, q, at[m], scores, m * TILE + position);
            }
        }
        for (int position = 0; position < TILE; position += COUNT) {
            FloatVector keyScale = FloatVector.fromArray(FLOATS, keyScales, position);
            for (int i = from * TILE + position; i < to * TILE; i += TILE) {
                FloatVector.fromArray(FLOATS, scores, i)
                        .mul(keyScale)
                        .mul(scale)
                        .intoArray(scores, i);
            }
        }
    }

    private static void fourScores(
            float[] keys, int channels, int position, float[] q, int q0, int q1, int q2, int q3, float[] to, int at) {
        FloatVector a0 = FloatVector.zero(FLOATS);
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        FloatVector b0 = a0;
        FloatVector b1 = a0;
        FloatVector b2 = a0;
        FloatVector b3 = a0;
        FloatVector c0 = a0;
        FloatVector c1 = a0;
        FloatVector c2 = a0;
        FloatVector c3 = a0;
        FloatVector d0 = a0;
        FloatVector d1 = a0;
        FloatVector d2 = a0;
        FloatVector d3 = a0;
        for (int c = 0; c < channels; c++) {
            int key = c * TILE + position;
            FloatVector k0 = FloatVector.fromArray(FLOATS, keys, key);
            FloatVector k1 = FloatVector.fromArray(FLOATS, keys, key + COUNT);
            FloatVector k2 = FloatVector.fromArray(FLOATS, keys, key + 2 * COUNT);
            FloatVector k3 = FloatVector.fromArray(FLOATS, keys, key + 3 * COUNT);
            FloatVector x = FloatVector.broadcast(FLOATS, q[q0 + c]);
            a0 = x.fma(k0, a0);
            a1 = x.fma(k1, a1);
            a2 = x.fma(k2, a2);
            a3 = x.fma(k3, a3);
            x = FloatVector.broadcast(FLOATS, q[q1 + c]);
            b0 = x.fma(k0, b0);
            b1 = x.fma(k1, b1);
            b2 = x.fma(k2, b2);
            b3 = x.fma(k3, b3);
            x = FloatVector.broadcast(FLOATS, q[q2 + c]);
            c0 = x.fma(k0, c0);
            c1 = x.fma(k1, c1);
            c2 = x.fma(k2, c2);
            c3 = x.fma(k3, c3);
            x = FloatVector.broadcast(FLOATS, q[q3 + c]);
            d0 = x.fma(k0, d0);
            d1 = x.fma(k1, d1);
            d2 = x.fma(k2, d2);
            d3 = x.fma(k3, d3);
        }
        a0.intoArray(to, at);
        a1.intoArray(to, at + COUNT);
        a2.intoArray(to, at + 2 * COUNT);
        a3.intoArray(to, at + 3 * COUNT);
        b0.intoArray(to, at + TILE);
        b1.intoArray(to, at + TILE + COUNT);
        b2.intoArray(to, at + TILE + 2 * COUNT);
        b3.intoArray(to, at + TILE + 3 * COUNT);
        c0.intoArray(to, at + 2 * TILE);
        c1.intoArray(to, at + 2 * TILE + COUNT);
        c2.intoArray(to, at + 2 * TILE + 2 * COUNT);
        c3.intoArray(to, at + 2 * TILE + 3 * COUNT);
        d0.intoArray(to, at + 3 * TILE);
        d1.intoArray(to, at + 3 * TILE + COUNT);
        d2.intoArray(to, at + 3 * TILE + 2 * COUNT);
        d3.intoArray(to, at + 3 * TILE + 3 * COUNT);
    }

    private static void twoScores(
            float[] keys, int channels, int position, float[] q, int q0, int q1, float[] to, int at) {
        FloatVector a0 = FloatVector.zero(FLOATS);
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        FloatVector b0 = a0;
        FloatVector b1 = a0;
        FloatVector b2 = a0;
        FloatVector b3 = a0;
        for (int c = 0; c < channels; c++) {
            int key = c * TILE + position;
            FloatVector k0 = FloatVector.fromArray(FLOATS, keys, key);
            FloatVector k1 = FloatVector.fromArray(FLOATS, keys, key + COUNT);
            FloatVector k2 = FloatVector.fromArray(FLOATS, keys, key + 2 * COUNT);
            FloatVector k3 = FloatVector.fromArray(FLOATS, keys, key + 3 * COUNT);
            FloatVector x = FloatVector.broadcast(FLOATS, q[q0 + c]);
            a0 = x.fma(k0, a0);
            a1 = x.fma(k1, a1);
            a2 = x.fma(k2, a2);
            a3 = x.fma(k3, a3);
            x = FloatVector.broadcast(FLOATS, q[q1 + c]);
            b0 = x.fma(k0, b0);
            b1 = x.fma(k1, b1);
            b2 = x.fma(k2, b2);
            b3 = x.fma(k3, b3);
        }
        a0.intoArray(to, at);
        a1.intoArray(to, at + COUNT);
        a2.intoArray(to, at + 2 * COUNT);
        a3.intoArray(to, at + 3 * COUNT);
        b0.intoArray(to, at + TILE);
        b1.intoArray(to, at + TILE + COUNT);
        b2.intoArray(to, at + TILE + 2 * COUNT);
        b3.intoArray(to, at + TILE + 3 * COUNT);
    }

    private static void oneScore(float[] keys, int channels, int position, float[] q, int q0, float[] to, int at) {
        FloatVector a0 = FloatVector.zero(FLOATS);
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        for (int c = 0; c < channels; c++) {
            int key = c * TILE + position;
            FloatVector x = FloatVector.broadcast(FLOATS, q[q0 + c]);
            a0 = x.fma(FloatVector.fromArray(FLOATS, keys, key), a0);
            a1 = x.fma(FloatVector.fromArray(FLOATS, keys, key + COUNT), a1);
            a2 = x.fma(FloatVector.fromArray(FLOATS, keys, key + 2 * COUNT), a2);
            a3 = x.fma(FloatVector.fromArray(FLOATS, keys, key + 3 * COUNT), a3);
        }
        a0.intoArray(to, at);
        a1.intoArray(to, at + COUNT);
        a2.intoArray(to, at + 2 * COUNT);
        a3.intoArray(to, at + 3 * COUNT);
    }

    @Override
    public void weigh(float[] scores, int from, int to, float[] largest, float[] sums, float[] scratch) {
        for (int m = from; m < to; m++) {
            int at = m * TILE;
            FloatVector lanes = FloatVector.broadcast(FLOATS, largest[m]);
            for (int i = at; i < at + TILE; i += COUNT) {
                lanes = lanes.max(FloatVector.fromArray(FLOATS, scores, i));
            }
            largest[m] = lanes.reduceLanes(VectorOperators.MAX);
            FloatVector shift = FloatVector.broadcast(FLOATS, largest[m]);
            for (int i = at; i < at + TILE; i += COUNT) {
                FloatVector.fromArray(FLOATS, scores, i).sub(shift).intoArray(scores, i);
            }
        }
        VectorRows.exponentials(scores, from * TILE, 1, 0, scores, from * TILE, (to - from) * TILE);
        for (int m = from; m < to; m++) {
            int at = m * TILE;
            for (int part = 0; part < Kernels.REDUCTION_LANES; part += COUNT) {
                FloatVector sum = FloatVector.zero(FLOATS);
                for (int i = at + part; i < at + TILE; i += Kernels.REDUCTION_LANES) {
                    sum = sum.add(FloatVector.fromArray(FLOATS, scores, i));
                }
                sum.intoArray(scratch, part);
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
        if (channels % COUNT != 0) {
            scalar.accumulate(values, channels, first, last, weights, weightsAt, sums, sumsAt, stride, queries);
            return;
        }
        int wide = channels - channels % WIDE;
        int m = 0;
        if (queries == 4) {
            for (int c = 0; c < wide; c += WIDE) {
                fourSums(values, channels, c, first, last, weights, weightsAt, sums, sumsAt + c, stride);
            }
            m = 4;
        } else if (queries >= 2) {
            for (int c = 0; c < wide; c += WIDE) {
                twoSums(values, channels, c, first, last, weights, weightsAt, sums, sumsAt + c, stride);
            }
            m = 2;
        }
        for (; m < queries; m++) {
            for (int c = 0; c < wide; c += WIDE) {
                oneSum(values, channels, c, first, last, weights, weightsAt + m * TILE, sums, sumsAt + m * stride + c);
            }
        }
        for (m = 0; m < queries; m++) {
            for (int c = wide; c < channels; c += COUNT) {
                narrowSum(
                        values, channels, c, first, last, weights, weightsAt + m * TILE, sums, sumsAt + m * stride + c);
            }
        }
    }

    private static void fourSums(
            float[] values,
            int channels,
            int channel,
            int first,
            int last,
            float[] weights,
            int weightsAt,
            float[] sums,
            int at,
            int stride) {
        int atB = at + stride;
        int atC = atB + stride;
        int atD = atC + stride;
        FloatVector a0 = FloatVector.fromArray(FLOATS, sums, at);
        FloatVector a1 = FloatVector.fromArray(FLOATS, sums, at + COUNT);
        FloatVector a2 = FloatVector.fromArray(FLOATS, sums, at + 2 * COUNT);
        FloatVector a3 = FloatVector.fromArray(FLOATS, sums, at + 3 * COUNT);
        FloatVector b0 = FloatVector.fromArray(FLOATS, sums, atB);
        FloatVector b1 = FloatVector.fromArray(FLOATS, sums, atB + COUNT);
        FloatVector b2 = FloatVector.fromArray(FLOATS, sums, atB + 2 * COUNT);
        FloatVector b3 = FloatVector.fromArray(FLOATS, sums, atB + 3 * COUNT);
        FloatVector c0 = FloatVector.fromArray(FLOATS, sums, atC);
        FloatVector c1 = FloatVector.fromArray(FLOATS, sums, atC + COUNT);
        FloatVector c2 = FloatVector.fromArray(FLOATS, sums, atC + 2 * COUNT);
        FloatVector c3 = FloatVector.fromArray(FLOATS, sums, atC + 3 * COUNT);
        FloatVector d0 = FloatVector.fromArray(FLOATS, sums, atD);
        FloatVector d1 = FloatVector.fromArray(FLOATS, sums, atD + COUNT);
        FloatVector d2 = FloatVector.fromArray(FLOATS, sums, atD + 2 * COUNT);
        FloatVector d3 = FloatVector.fromArray(FLOATS, sums, atD + 3 * COUNT);
        for (int i = first; i < last; i++) {
            int value = i * channels + channel;
            FloatVector v0 = FloatVector.fromArray(FLOATS, values, value);
            FloatVector v1 = FloatVector.fromArray(FLOATS, values, value + COUNT);
            FloatVector v2 = FloatVector.fromArray(FLOATS, values, value + 2 * COUNT);
            FloatVector v3 = FloatVector.fromArray(FLOATS, values, value + 3 * COUNT);
            FloatVector w = FloatVector.broadcast(FLOATS, weights[weightsAt + i]);
            a0 = w.fma(v0, a0);
            a1 = w.fma(v1, a1);
            a2 = w.fma(v2, a2);
            a3 = w.fma(v3, a3);
            w = FloatVector.broadcast(FLOATS, weights[weightsAt + TILE + i]);
            b0 = w.fma(v0, b0);
            b1 = w.fma(v1, b1);
            b2 = w.fma(v2, b2);
            b3 = w.fma(v3, b3);
            w = FloatVector.broadcast(FLOATS, weights[weightsAt + 2 * TILE + i]);
            c0 = w.fma(v0, c0);
            c1 = w.fma(v1, c1);
            c2 = w.fma(v2, c2);
            c3 = w.fma(v3, c3);
            w = FloatVector.broadcast(FLOATS, weights[weightsAt + 3 * TILE + i]);
            d0 = w.fma(v0, d0);
            d1 = w.fma(v1, d1);
            d2 = w.fma(v2, d2);
            d3 = w.fma(v3, d3);
        }
        a0.intoArray(sums, at);
        a1.intoArray(sums, at + COUNT);
        a2.intoArray(sums, at + 2 * COUNT);
        a3.intoArray(sums, at + 3 * COUNT);
        b0.intoArray(sums, atB);
        b1.intoArray(sums, atB + COUNT);
        b2.intoArray(sums, atB + 2 * COUNT);
        b3.intoArray(sums, atB + 3 * COUNT);
        c0.intoArray(sums, atC);
        c1.intoArray(sums, atC + COUNT);
        c2.intoArray(sums, atC + 2 * COUNT);
        c3.intoArray(sums, atC + 3 * COUNT);
        d0.intoArray(sums, atD);
        d1.intoArray(sums, atD + COUNT);
        d2.intoArray(sums, atD + 2 * COUNT);
        d3.intoArray(sums, atD + 3 * COUNT);
    }

    private static void twoSums(
            float[] values,
            int channels,
            int channel,
            int first,
            int last,
            float[] weights,
            int weightsAt,
            float[] sums,
            int at,
            int stride) {
        int atB = at + stride;
        FloatVector a0 = FloatVector.fromArray(FLOATS, sums, at);
        FloatVector a1 = FloatVector.fromArray(FLOATS, sums, at + COUNT);
        FloatVector a2 = FloatVector.fromArray(FLOATS, sums, at + 2 * COUNT);
        FloatVector a3 = FloatVector.fromArray(FLOATS, sums, at + 3 * COUNT);
        FloatVector b0 = FloatVector.fromArray(FLOATS, sums, atB);
        FloatVector b1 = FloatVector.fromArray(FLOATS, sums, atB + COUNT);
        FloatVector b2 = FloatVector.fromArray(FLOATS, sums, atB + 2 * COUNT);
        FloatVector b3 = FloatVector.fromArray(FLOATS, sums, atB + 3 * COUNT);
        for (int i = first; i < last; i++) {
            int value = i * channels + channel;
            FloatVector v0 = FloatVector.fromArray(FLOATS, values, value);
            FloatVector v1 = FloatVector.fromArray(FLOATS, values, value + COUNT);
            FloatVector v2 = FloatVector.fromArray(FLOATS, values, value + 2 * COUNT);
            FloatVector v3 = FloatVector.fromArray(FLOATS, values, value + 3 * COUNT);
            FloatVector w = FloatVector.broadcast(FLOATS, weights[weightsAt + i]);
            a0 = w.fma(v0, a0);
            a1 = w.fma(v1, a1);
            a2 = w.fma(v2, a2);
            a3 = w.fma(v3, a3);
            w = FloatVector.broadcast(FLOATS, weights[weightsAt + TILE + i]);
            b0 = w.fma(v0, b0);
            b1 = w.fma(v1, b1);
            b2 = w.fma(v2, b2);
            b3 = w.fma(v3, b3);
        }
        a0.intoArray(sums, at);
        a1.intoArray(sums, at + COUNT);
        a2.intoArray(sums, at + 2 * COUNT);
        a3.intoArray(sums, at + 3 * COUNT);
        b0.intoArray(sums, atB);
        b1.intoArray(sums, atB + COUNT);
        b2.intoArray(sums, atB + 2 * COUNT);
        b3.intoArray(sums, atB + 3 * COUNT);
    }

    private static void oneSum(
            float[] values,
            int channels,
            int channel,
            int first,
            int last,
            float[] weights,
            int weightsAt,
            float[] sums,
            int at) {
        FloatVector a0 = FloatVector.fromArray(FLOATS, sums, at);
        FloatVector a1 = FloatVector.fromArray(FLOATS, sums, at + COUNT);
        FloatVector a2 = FloatVector.fromArray(FLOATS, sums, at + 2 * COUNT);
        FloatVector a3 = FloatVector.fromArray(FLOATS, sums, at + 3 * COUNT);
        for (int i = first; i < last; i++) {
            int value = i * channels + channel;
            FloatVector w = FloatVector.broadcast(FLOATS, weights[weightsAt + i]);
            a0 = w.fma(FloatVector.fromArray(FLOATS, values, value), a0);
            a1 = w.fma(FloatVector.fromArray(FLOATS, values, value + COUNT), a1);
            a2 = w.fma(FloatVector.fromArray(FLOATS, values, value + 2 * COUNT), a2);
            a3 = w.fma(FloatVector.fromArray(FLOATS, values, value + 3 * COUNT), a3);
        }
        a0.intoArray(sums, at);
        a1.intoArray(sums, at + COUNT);
        a2.intoArray(sums, at + 2 * COUNT);
        a3.intoArray(sums, at + 3 * COUNT);
    }

    private static void narrowSum(
            float[] values,
            int channels,
            int channel,
            int first,
            int last,
            float[] weights,
            int weightsAt,
            float[] sums,
            int at) {
        FloatVector sum = FloatVector.fromArray(FLOATS, sums, at);
        for (int i = first; i < last; i++) {
            sum = FloatVector.broadcast(FLOATS, weights[weightsAt + i])
                    .fma(FloatVector.fromArray(FLOATS, values, i * channels + channel), sum);
        }
        sum.intoArray(sums, at);
    }
}
