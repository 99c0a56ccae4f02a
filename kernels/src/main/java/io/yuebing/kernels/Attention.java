package io.yuebing.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;

/**
 * Causal attention over the paged KV cache of one layer.
 *
 * <p>Positions are taken one after the other in ascending order, so a result depends on the cached values alone: not on
 * the size of blocks, the chunks of the prompt or the width of vectors.
 */
public final class Attention {
    private static final int KEYS = 0;
    private static final int VALUES = 1;

    /** Positions whose keys or values are widened at a time, for all query heads that share them. */
    private static final int TILE = 32;

    private Attention() {}

    /**
     * The cache of one layer, little-endian.
     *
     * @param layer the memory of this layer only
     * @param elementBytes 4 for floats, 2 for bfloat16
     * @param blockSize tokens of a block
     * @param headSize channels of a head, contiguous
     * @param kvHeads heads of keys, and of values
     * @param blockStride bytes from a block to the next
     * @param kvStride bytes from a block's keys to its values
     * @param headStride bytes from a head to the next
     * @param tokenStride bytes from a token to the next
     */
    public record CacheView(
            MemorySegment layer,
            int elementBytes,
            int blockSize,
            int headSize,
            int kvHeads,
            long blockStride,
            long kvStride,
            long headStride,
            long tokenStride) {
        public CacheView {
            if (elementBytes != Float.BYTES && elementBytes != Short.BYTES) {
                throw new IllegalArgumentException("Cached elements have 2 or 4 bytes, not " + elementBytes);
            }
        }

        long offset(int block, int keysOrValues, int head, int slot) {
            return block * blockStride + keysOrValues * kvStride + head * headStride + slot * tokenStride;
        }

        /** Reads one head of consecutive positions as floats, {@code [position][channel]}. */
        private void read(int[] blockTable, int keysOrValues, int head, int position, int count, float[] to) {
            for (int i = 0; i < count; ) {
                int slot = (position + i) % blockSize;
                int n = Math.min(blockSize - slot, count - i);
                long at = offset(blockTable[(position + i) / blockSize], keysOrValues, head, slot);
                for (int end = i + n; i < end; i++) {
                    readRow(at, to, i * headSize);
                    at += tokenStride;
                }
            }
        }

        private void readRow(long at, float[] to, int offset) {
            if (elementBytes == Float.BYTES) {
                Rows.f32ToFloat(layer, at, to, offset, headSize);
            } else {
                Rows.bf16ToFloat(layer, at, to, offset, headSize);
            }
        }

        private void writeRow(float[] from, int offset, long at) {
            if (elementBytes == Float.BYTES) {
                Rows.floatToF32(from, offset, layer, at, headSize);
            } else {
                Rows.floatToBf16(from, offset, layer, at, headSize);
            }
        }
    }

    /**
     * Writes the keys and values of one token.
     *
     * @param block id of the block
     * @param slot place of the token in the block
     * @param k {@code kvHeads x headSize} values at {@code kOffset}; rounded to nearest even if the cache is bfloat16
     * @param v the same for values
     */
    public static void write(CacheView c, int block, int slot, float[] k, int kOffset, float[] v, int vOffset) {
        for (int head = 0; head < c.kvHeads(); head++) {
            c.writeRow(k, kOffset + head * c.headSize(), c.offset(block, KEYS, head, slot));
            c.writeRow(v, vOffset + head * c.headSize(), c.offset(block, VALUES, head, slot));
        }
    }

    /**
     * Computes one token's attention, all heads: {@code softmax(scale q K') V} over positions {@code from} to
     * {@code position}, both included.
     *
     * @param blockTable ids of the sequence's blocks; position p is in block {@code p / blockSize}
     * @param q {@code heads x headSize} values at {@code qOffset}; {@code heads / kvHeads} neighbours share a KV head
     * @param out receives the same shape at {@code outOffset}
     */
    public static void row(
            CacheView c,
            int[] blockTable,
            int from,
            int position,
            float[] q,
            int qOffset,
            int heads,
            float scale,
            float[] out,
            int outOffset) {
        for (int kvHead = 0; kvHead < c.kvHeads(); kvHead++) {
            kvHead(c, blockTable, from, position, q, qOffset, heads, kvHead, scale, out, outOffset);
        }
    }

    /**
     * Computes a part of {@link #row}: the query heads of one KV head, so that threads can share a long context.
     *
     * @param kvHead the query heads {@code kvHead * (heads / kvHeads)} and following are computed
     */
    public static void kvHead(
            CacheView c,
            int[] blockTable,
            int from,
            int position,
            float[] q,
            int qOffset,
            int heads,
            int kvHead,
            float scale,
            float[] out,
            int outOffset) {
        if (from < 0 || from > position || position / c.blockSize() >= blockTable.length) {
            throw new IllegalArgumentException("Positions " + from + " to " + position + " are not in "
                    + blockTable.length + " blocks of " + c.blockSize());
        }
        if (heads % c.kvHeads() != 0) {
            throw new IllegalArgumentException(heads + " query heads cannot share " + c.kvHeads() + " KV heads evenly");
        }
        Objects.checkIndex(kvHead, c.kvHeads());
        Group group = new Group(c, blockTable, from, position - from + 1, heads / c.kvHeads(), kvHead);
        group.attend(q, qOffset, scale, out, outOffset);
    }

    /** The query heads that share one KV head, and the positions they attend. */
    private record Group(CacheView cache, int[] blockTable, int from, int count, int size, int kvHead) {
        void attend(float[] q, int qOffset, float scale, float[] out, int outOffset) {
            Scratch scratch = Scratch.ofThread(TILE * cache.headSize(), size * count);
            int first = kvHead * size * cache.headSize();
            computeScores(q, qOffset + first, scale, scratch);
            Arrays.fill(out, outOffset + first, outOffset + first + size * cache.headSize(), 0);
            RowKernel rows = Kernels.active().rows();
            float[] sums = new float[size];
            for (int i = 0; i < size; i++) {
                sums[i] = rows.exponentials(scratch.scores, i * count, count);
            }
            addValues(scratch, out, outOffset + first);
            for (int i = 0; i < size * cache.headSize(); i++) {
                out[outOffset + first + i] /= sums[i / cache.headSize()];
            }
        }

        private void computeScores(float[] q, int qOffset, float scale, Scratch scratch) {
            AttentionKernel kernel = Kernels.active().attention();
            int channels = cache.headSize();
            for (int at = 0; at < count; at += TILE) {
                int n = Math.min(TILE, count - at);
                cache.read(blockTable, KEYS, kvHead, from + at, n, scratch.tile);
                for (int i = 0; i < size; i++) {
                    kernel.scores(
                            scratch.tile,
                            n,
                            channels,
                            q,
                            qOffset + i * channels,
                            scale,
                            scratch.scores,
                            i * count + at);
                }
            }
        }

        private void addValues(Scratch scratch, float[] out, int outOffset) {
            AttentionKernel kernel = Kernels.active().attention();
            int channels = cache.headSize();
            for (int at = 0; at < count; at += TILE) {
                int n = Math.min(TILE, count - at);
                cache.read(blockTable, VALUES, kvHead, from + at, n, scratch.tile);
                for (int i = 0; i < size; i++) {
                    kernel.accumulate(
                            scratch.tile, n, channels, scratch.scores, i * count + at, out, outOffset + i * channels);
                }
            }
        }
    }

    /** Memory of a thread, grown as contexts grow. */
    private static final class Scratch {
        private static final ThreadLocal<Scratch> OF_THREAD = ThreadLocal.withInitial(Scratch::new);

        private float[] tile = {};
        private float[] scores = {};

        static Scratch ofThread(int tileLength, int scoresLength) {
            Scratch scratch = OF_THREAD.get();
            if (scratch.tile.length < tileLength) {
                scratch.tile = new float[tileLength];
            }
            if (scratch.scores.length < scoresLength) {
                scratch.scores = new float[Math.max(scoresLength, 2 * scratch.scores.length)];
            }
            return scratch;
        }
    }
}
