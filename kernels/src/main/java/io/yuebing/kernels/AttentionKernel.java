package io.yuebing.kernels;

import java.lang.foreign.MemorySegment;

/**
 * Arithmetic of query heads with a tile of {@link #TILE} consecutive positions of one KV head.
 *
 * <p>Keys are held channel by channel, {@code [channel][position]}, so that a lane is a position and a score one chain of
 * fused multiply-adds over the channels; values position by position, {@code [position][channel]}, so that a lane is a
 * channel and a result one chain over the positions.
 */
interface AttentionKernel {
    /** Positions of a tile; tiles begin at multiples of it. */
    int TILE = 64;

    /**
     * Reads rows of keys as floats.
     *
     * @param rows where the {@link #TILE} rows begin, in bytes
     * @param from first channel to read
     * @param channels channels of a row; read are those from {@code from} on
     * @param to receives {@code [channel][position]}
     * @param scratch {@link #SCRATCH} integers
     */
    void readKeys(
            MemorySegment cache, long[] rows, CacheElement element, int from, int channels, float[] to, int[] scratch);

    /** Two transposed squares of 16 by 16. */
    int SCRATCH = 2 * 16 * 16;

    /**
     * Reads rows of values as floats.
     *
     * @param rows where the {@link #TILE} rows begin, in bytes, {@code offset} less
     * @param from first channel to read
     * @param channels channels of a row; read are those from {@code from} on
     * @param to receives {@code [position][channel]}
     */
    void readValues(
            MemorySegment cache, long[] rows, long offset, CacheElement element, int from, int channels, float[] to);

    /**
     * Multiplies queries with the keys of a tile: {@code scores[i] = (q . key[i]) * keyScales[i] * scale}.
     *
     * @param keys {@code [channel][position]}
     * @param q queries of {@code channels} values; number m begins at {@code at[m]}
     * @param from the first query
     * @param to past the last query
     * @param scores receives {@code [query][position]}
     */
    void scores(
            float[] keys,
            int channels,
            float[] keyScales,
            float scale,
            float[] q,
            int[] at,
            int from,
            int to,
            float[] scores);

    /**
     * Replaces the scores of queries by {@code exp(score - largest)}.
     *
     * @param scores {@code [query][position]}
     * @param from the first query
     * @param to past the last query
     * @param largest for each query the largest score of earlier tiles, replaced by the largest so far; NaN if one is NaN
     * @param sums receives for each query the sum of its exponentials, added up as {@link Kernels#REDUCTION_LANES} says
     * @param scratch {@link Kernels#REDUCTION_LANES} values
     */
    void weigh(float[] scores, int from, int to, float[] largest, float[] sums, float[] scratch);

    /**
     * Adds weighted values to neighbouring accumulators, in ascending order of positions: {@code sums[m] += weights[m][i] *
     * values[i]}.
     *
     * @param values {@code [position][channel]}
     * @param first the first position
     * @param last past the last position
     * @param weights {@code [query][position]}, the first query's from {@code weightsAt}
     * @param sums accumulators of {@code channels} values, the first from {@code sumsAt}
     * @param stride from an accumulator to the next
     * @param queries how many queries, 1 to 4
     */
    void accumulate(
            float[] values,
            int channels,
            int first,
            int last,
            float[] weights,
            int weightsAt,
            float[] sums,
            int sumsAt,
            int stride,
            int queries);
}
