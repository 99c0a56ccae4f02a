package io.yuebing.kernels;

import static io.yuebing.kernels.Lanes.COUNT;
import static io.yuebing.kernels.Lanes.FLOATS;
import static io.yuebing.kernels.Lanes.INTS;
import static io.yuebing.kernels.PanelShape.BLOCK;
import static io.yuebing.kernels.PanelShape.ROWS;
import static io.yuebing.kernels.PanelShape.ROW_BYTES;
import static io.yuebing.kernels.PanelShape.RUN;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/**
 * 4-bit codes times 8-bit activations in 16-bit lanes.
 *
 * <p>{@link TokenBatch} says how the shifted words are multiplied whole. The sum of a run, codes counted from 8, is at most
 * 8 * 127 * 32 = 32,512 in magnitude, so arithmetic modulo 2<sup>16</sup> delivers it exactly; other zero points are put
 * right with the sum of the activations.
 */
final class VectorNibbleInt8Panels implements PanelByPanel {
    private static final int CODES_PER_WORD = 8;
    private static final int WORDS_PER_RUN = RUN / CODES_PER_WORD;
    private static final int STEPS_PER_WORD = 4;
    private static final int RUN_STEPS = WORDS_PER_RUN * STEPS_PER_WORD;

    /** What a block's first run finds. */
    private static final float[] NO_SUMS = new float[BlockScratch.RUN_SUMS];

    /** Times 1, plus -0: leaves a sum as it is, even the sign of a 0. */
    private static final float[] ONES = filled(ROWS, 1);

    private static final float[] NOTHING = filled(BlockScratch.RUN_SUMS, -0.0f);

    @Override
    public TokenBatch.Layout layout(int tokens) {
        return tokens == 1 ? TokenBatch.Layout.PAIRS : TokenBatch.Layout.PAIR_TILES;
    }

    @Override
    public void addPanel(PanelShape shape, long panel, TokenBatch batch, float[] sums) {
        BlockScratch scratch = BlockScratch.ofThread();
        long header = panel;
        int step = 0;
        int run = 0;
        for (int group = 0; group < shape.groups(); group++) {
            VectorHeader.read(shape, header, -1, shape.encoding().middle(), scratch);
            long words = header + shape.headerBytes();
            int inGroup = shape.words(group);
            for (int word = 0; word < inGroup; word += BLOCK / CODES_PER_WORD) {
                int n = Math.min(BLOCK / CODES_PER_WORD, inGroup - word);
                long at = words + (long) word * ROW_BYTES;
                if (batch.tokens() == 1) {
                    multiplyToken(at, n, batch, step, run, shape.ownZeros(), scratch, sums);
                } else {
                    unpack(at, n, scratch.codes);
                    multiplyTiles(n, batch, step, run, shape.ownZeros(), scratch, sums);
                }
                step += n * STEPS_PER_WORD;
                run += Math.ceilDiv(n, WORDS_PER_RUN);
            }
            header += shape.groupBytes(group);
        }
    }

    private static float[] filled(int length, float value) {
        float[] array = new float[length];
        Arrays.fill(array, value);
        return array;
    }

    private static void unpack(long words, int count, int[] to) {
        for (int row = 0; row < ROWS; row += COUNT) {
            long at = words + (long) row * Integer.BYTES;
            for (int i = row; i < count * STEPS_PER_WORD * ROWS; i += STEPS_PER_WORD * ROWS) {
                IntVector word = IntVector.fromMemorySegment(INTS, NativeMemory.ALL, at, Lanes.ORDER);
                word.intoArray(to, i);
                word.lanewise(VectorOperators.LSHR, 4).intoArray(to, i + ROWS);
                word.lanewise(VectorOperators.LSHR, 8).intoArray(to, i + 2 * ROWS);
                word.lanewise(VectorOperators.LSHR, 12).intoArray(to, i + 3 * ROWS);
                at += ROW_BYTES;
            }
        }
    }

    private static void multiplyTiles(
            int words, TokenBatch batch, int step, int firstRun, boolean zeros, BlockScratch scratch, float[] sums) {
        int steps = words * STEPS_PER_WORD;
        for (int token = 0; token < batch.tokens(); token += TokenBatch.TILE) {
            int n = Math.min(TokenBatch.TILE, batch.tokens() - token);
            int x = batch.at(token, step, steps);
            if (VectorPairTile.WIDE && n == TokenBatch.TILE && !zeros) {
                multiplyAddTile(steps, batch, x, batch.run(token, firstRun), scratch, sums, token * ROWS);
                continue;
            }
            int runs = 0;
            for (int first = 0; first < steps; first += RUN_STEPS, runs++) {
                VectorPairTile.multiply(
                        scratch.codes,
                        first * ROWS,
                        Math.min(RUN_STEPS, steps - first),
                        batch.values,
                        x + first * TokenBatch.TILE,
                        n,
                        batch.offsets,
                        batch.run(token, firstRun + runs),
                        batch.runs(),
                        scratch.pairSums,
                        runs * BlockScratch.RUN_SUMS);
            }
            if (zeros) {
                for (int i = 0; i < n; i++) {
                    int run = batch.run(token + i, firstRun);
                    int to = (token + i) * ROWS;
                    addRunsWithZeros(scratch, i * ROWS, runs, batch.scales, batch.runSums, run, sums, to);
                }
            } else {
                addRuns(batch, token, n, firstRun, runs, scratch, sums);
            }
        }
    }

    private static void multiplyAddTile(
            int steps, TokenBatch batch, int x, int run, BlockScratch scratch, float[] sums, int at) {
        float[] earlier = NO_SUMS;
        for (int first = 0; first < steps; first += RUN_STEPS) {
            boolean last = first + RUN_STEPS >= steps;
            VectorPairTile.multiplyAdd(
                    scratch.codes,
                    first * ROWS,
                    Math.min(RUN_STEPS, steps - first),
                    batch.values,
                    x + first * TokenBatch.TILE,
                    batch.offsets,
                    batch.scales,
                    run + first / RUN_STEPS,
                    batch.runs(),
                    earlier,
                    last ? scratch.scales : ONES,
                    last ? sums : NOTHING,
                    last ? at : 0,
                    last ? sums : scratch.floatSums,
                    last ? at : 0);
            earlier = scratch.floatSums;
        }
    }

    /** The first run of all tokens, then the next: a loop over one token's few runs takes longer than its body. */
    private static void addRuns(
            TokenBatch batch, int token, int tokens, int firstRun, int runs, BlockScratch scratch, float[] sums) {
        int run = batch.run(token, firstRun);
        int last = runs - 1;
        for (int i = 0; i < last; i++) {
            addRun(
                    scratch.pairSums,
                    i * BlockScratch.RUN_SUMS,
                    tokens,
                    batch.scales,
                    run + i,
                    batch.runs(),
                    i == 0,
                    scratch.floatSums);
        }
        addLastRun(
                scratch.pairSums,
                last * BlockScratch.RUN_SUMS,
                tokens,
                batch.scales,
                run + last,
                batch.runs(),
                last == 0,
                scratch,
                sums,
                token * ROWS);
    }

    private static void addRun(
            int[] pairs, int from, int tokens, float[] x, int run, int runs, boolean first, float[] sums) {
        for (int row = 0; row < ROWS; row += COUNT) {
            for (int token = 0; token < tokens; token++) {
                int at = token * ROWS + row;
                FloatVector before = first ? FloatVector.zero(FLOATS) : FloatVector.fromArray(FLOATS, sums, at);
                IntVector pair = IntVector.fromArray(INTS, pairs, from + at);
                FloatVector dot = VectorPairTile.floats(pair);
                dot.fma(FloatVector.broadcast(FLOATS, x[run + token * runs]), before)
                        .intoArray(sums, at);
            }
        }
    }

    private static void addLastRun(
            int[] pairs,
            int from,
            int tokens,
            float[] x,
            int run,
            int runs,
            boolean first,
            BlockScratch scratch,
            float[] sums,
            int to) {
        float[] earlier = scratch.floatSums;
        for (int row = 0; row < ROWS; row += COUNT) {
            FloatVector scale = FloatVector.fromArray(FLOATS, scratch.scales, row);
            for (int token = 0; token < tokens; token++) {
                int at = token * ROWS + row;
                FloatVector before = first ? FloatVector.zero(FLOATS) : FloatVector.fromArray(FLOATS, earlier, at);
                IntVector pair = IntVector.fromArray(INTS, pairs, from + at);
                FloatVector dot = VectorPairTile.floats(pair);
                dot.fma(FloatVector.broadcast(FLOATS, x[run + token * runs]), before)
                        .fma(scale, FloatVector.fromArray(FLOATS, sums, to + at))
                        .intoArray(sums, to + at);
            }
        }
    }

    private static void addRunsWithZeros(
            BlockScratch scratch, int from, int runs, float[] x, float[] runSums, int firstRun, float[] sums, int to) {
        for (int row = 0; row < ROWS; row += COUNT) {
            FloatVector zero = FloatVector.fromArray(FLOATS, scratch.zeros, row);
            FloatVector s = FloatVector.zero(FLOATS);
            for (int i = 0; i < runs; i++) {
                IntVector pair = IntVector.fromArray(INTS, scratch.pairSums, from + row + i * BlockScratch.RUN_SUMS);
                FloatVector dot = VectorPairTile.floats(pair);
                s = zero.fma(FloatVector.broadcast(FLOATS, runSums[firstRun + i]), dot)
                        .fma(FloatVector.broadcast(FLOATS, x[firstRun + i]), s);
            }
            s.fma(FloatVector.fromArray(FLOATS, scratch.scales, row), FloatVector.fromArray(FLOATS, sums, to + row))
                    .intoArray(sums, to + row);
        }
    }

    private static void multiplyToken(
            long words,
            int count,
            TokenBatch batch,
            int step,
            int run,
            boolean zeros,
            BlockScratch scratch,
            float[] sums) {
        int x = batch.at(0, step, count * STEPS_PER_WORD);
        for (int row = 0; row < ROWS; row += COUNT) {
            long at = words + (long) row * Integer.BYTES;
            if (zeros) {
                sumRuns(at, count, batch, x, run, scratch.pairSums, row);
            } else {
                multiplyRows(at, count, batch.values, x, batch.offsets, batch.scales, run, scratch.floatSums, row);
            }
        }
        if (zeros) {
            int runs = Math.ceilDiv(count, WORDS_PER_RUN);
            addRunsWithZeros(scratch, 0, runs, batch.scales, batch.runSums, run, sums, 0);
        } else {
            VectorFloatPanels.addChains(scratch.floatSums, 0, scratch.scales, sums, 0);
        }
    }

    /** Methods as large as this reach the compiler's limit of nodes; beyond it vectors end up on the heap. */
    private static void multiplyRows(
            long words,
            int count,
            float[] x,
            int xAt,
            float[] offsets,
            float[] xScales,
            int run,
            float[] to,
            int toAt) {
        FloatVector s = FloatVector.zero(FLOATS);
        for (int first = 0, i = run; first < count; first += WORDS_PER_RUN, i++) {
            int end = Math.min(first + WORDS_PER_RUN, count);
            ShortVector sum = FloatVector.broadcast(FLOATS, offsets[i]).reinterpretAsShorts();
            for (int k = first; k < end; k++) {
                IntVector w =
                        IntVector.fromMemorySegment(INTS, NativeMemory.ALL, words + (long) k * ROW_BYTES, Lanes.ORDER);
                int pair = xAt + k * STEPS_PER_WORD;
                sum = sum.add(w.reinterpretAsShorts()
                        .mul(FloatVector.broadcast(FLOATS, x[pair]).reinterpretAsShorts()));
                sum = sum.add(w.lanewise(VectorOperators.LSHR, 4)
                        .reinterpretAsShorts()
                        .mul(FloatVector.broadcast(FLOATS, x[pair + 1]).reinterpretAsShorts()));
                sum = sum.add(w.lanewise(VectorOperators.LSHR, 8)
                        .reinterpretAsShorts()
                        .mul(FloatVector.broadcast(FLOATS, x[pair + 2]).reinterpretAsShorts()));
                sum = sum.add(w.lanewise(VectorOperators.LSHR, 12)
                        .reinterpretAsShorts()
                        .mul(FloatVector.broadcast(FLOATS, x[pair + 3]).reinterpretAsShorts()));
            }
            IntVector pairs = sum.reinterpretAsInts();
            FloatVector dot = VectorPairTile.floats(pairs);
            s = dot.fma(FloatVector.broadcast(FLOATS, xScales[i]), s);
        }
        s.intoArray(to, toAt);
    }

    private static void sumRuns(long words, int count, TokenBatch batch, int xAt, int run, int[] to, int row) {
        for (int first = 0, i = 0; first < count; first += WORDS_PER_RUN, i++) {
            sumRun(
                    words + (long) first * ROW_BYTES,
                    Math.min(WORDS_PER_RUN, count - first),
                    batch.values,
                    xAt + first * STEPS_PER_WORD,
                    batch.offsets[run + i],
                    to,
                    i * BlockScratch.RUN_SUMS + row);
        }
    }

    private static void sumRun(long words, int count, float[] x, int xAt, float offset, int[] to, int toAt) {
        ShortVector sum = FloatVector.broadcast(FLOATS, offset).reinterpretAsShorts();
        for (int k = 0; k < count; k++) {
            IntVector w =
                    IntVector.fromMemorySegment(INTS, NativeMemory.ALL, words + (long) k * ROW_BYTES, Lanes.ORDER);
            int pair = xAt + k * STEPS_PER_WORD;
            sum = sum.add(w.reinterpretAsShorts()
                    .mul(FloatVector.broadcast(FLOATS, x[pair]).reinterpretAsShorts()));
            sum = sum.add(w.lanewise(VectorOperators.LSHR, 4)
                    .reinterpretAsShorts()
                    .mul(FloatVector.broadcast(FLOATS, x[pair + 1]).reinterpretAsShorts()));
            sum = sum.add(w.lanewise(VectorOperators.LSHR, 8)
                    .reinterpretAsShorts()
                    .mul(FloatVector.broadcast(FLOATS, x[pair + 2]).reinterpretAsShorts()));
            sum = sum.add(w.lanewise(VectorOperators.LSHR, 12)
                    .reinterpretAsShorts()
                    .mul(FloatVector.broadcast(FLOATS, x[pair + 3]).reinterpretAsShorts()));
        }
        sum.reinterpretAsInts().intoArray(to, toAt);
    }
}
