package io.yuebing.kernels;

import static io.yuebing.kernels.Lanes.COUNT;
import static io.yuebing.kernels.Lanes.FLOATS;
import static io.yuebing.kernels.PanelShape.BLOCK;
import static io.yuebing.kernels.PanelShape.ROWS;
import static io.yuebing.kernels.PanelShape.ROW_BYTES;
import static io.yuebing.kernels.PanelShape.RUN;

import jdk.incubator.vector.FloatVector;

/**
 * Panels multiplied as floats: one token straight from the packed weights, more over a block that is unpacked once for
 * all of them.
 */
abstract class VectorFloatPanels implements PanelByPanel {
    /** 2<sup>23</sup>: an integer code n set in its low bits is the float 2<sup>23</sup> + n. */
    static final float CODE_BIAS = 0x1p23f;

    /** The same as bits. */
    static final int CODE_BITS = 0x4B00_0000;

    private final int run;

    /**
     * @param integers whether activations are integers, whose scales change within a block
     */
    VectorFloatPanels(boolean integers) {
        this.run = integers ? RUN : BLOCK;
    }

    /**
     * Writes inputs of a block as floats: weights, or {@code code - zero}.
     *
     * @param words address of the first word
     * @param inputs whole words
     * @param zeros {@link #CODE_BIAS} plus the zero point for each row
     * @param to {@code [input][row]}
     */
    abstract void unpack(long words, int inputs, float[] zeros, float[] to);

    /**
     * Multiplies inputs of a block with one token: for each row a chain of fused multiply-adds from 0.
     *
     * @param x activations, from {@code xAt}
     * @param to receives the rows' chains from {@code toAt}
     */
    abstract void multiplyToken(long words, int inputs, float[] zeros, float[] x, int xAt, float[] to, int toAt);

    @Override
    public TokenBatch.Layout layout(int tokens) {
        return tokens == 1 ? TokenBatch.Layout.ROWS : TokenBatch.Layout.TILES;
    }

    @Override
    public void addPanel(PanelShape shape, long panel, TokenBatch batch, float[] sums) {
        BlockScratch scratch = BlockScratch.ofThread();
        int perWord = shape.encoding().inputsPerWord();
        long header = panel;
        int input = 0;
        int firstRun = 0;
        for (int group = 0; group < shape.groups(); group++) {
            VectorHeader.read(shape, header, 1, CODE_BIAS, scratch);
            long words = header + shape.headerBytes();
            int inputs = shape.paddedGroupInputs(group);
            for (int i = 0; i < inputs; i += BLOCK) {
                int n = Math.min(BLOCK, inputs - i);
                long at = words + (long) (i / perWord) * ROW_BYTES;
                if (batch.tokens() == 1) {
                    multiplyOne(at, n, perWord, batch, input, firstRun, scratch, sums);
                } else {
                    unpack(at, n, scratch.zeros, scratch.weights);
                    multiplyTiles(n, batch, input, firstRun, scratch, sums);
                }
                input += n;
                firstRun += Math.ceilDiv(n, RUN);
            }
            header += shape.groupBytes(group);
        }
    }

    private void multiplyOne(
            long words,
            int inputs,
            int perWord,
            TokenBatch batch,
            int input,
            int firstRun,
            BlockScratch scratch,
            float[] sums) {
        int runs = 0;
        for (int k = 0; k < inputs; k += run, runs++) {
            multiplyToken(
                    words + (long) (k / perWord) * ROW_BYTES,
                    Math.min(run, inputs - k),
                    scratch.zeros,
                    batch.values,
                    batch.at(0, input, inputs) + k,
                    scratch.floatSums,
                    runs * BlockScratch.RUN_SUMS);
        }
        finish(batch, 0, 1, firstRun, runs, scratch, sums);
    }

    private void multiplyTiles(
            int inputs, TokenBatch batch, int input, int firstRun, BlockScratch scratch, float[] sums) {
        for (int token = 0; token < batch.tokens(); token += TokenBatch.TILE) {
            int n = Math.min(TokenBatch.TILE, batch.tokens() - token);
            int x = batch.at(token, input, inputs);
            int runs = 0;
            for (int k = 0; k < inputs; k += run, runs++) {
                VectorFloatTile.multiply(
                        scratch.weights,
                        k * ROWS,
                        Math.min(run, inputs - k),
                        batch.values,
                        x + k * TokenBatch.TILE,
                        n,
                        scratch.floatSums,
                        runs * BlockScratch.RUN_SUMS);
            }
            finish(batch, token, n, firstRun, runs, scratch, sums);
        }
    }

    private void finish(
            TokenBatch batch, int token, int tokens, int firstRun, int runs, BlockScratch scratch, float[] sums) {
        for (int i = 0; i < tokens; i++) {
            if (run == RUN) {
                addRuns(
                        scratch.floatSums,
                        i * ROWS,
                        runs,
                        batch.scales,
                        batch.run(token + i, firstRun),
                        scratch.scales,
                        sums,
                        (token + i) * ROWS);
            } else {
                addChains(scratch.floatSums, i * ROWS, scratch.scales, sums, (token + i) * ROWS);
            }
        }
    }

    /** {@code sums = fma(chains, scales, sums)} for the rows of a token. */
    static void addChains(float[] chains, int from, float[] scales, float[] sums, int to) {
        for (int row = 0; row < ROWS; row += COUNT) {
            FloatVector.fromArray(FLOATS, chains, from + row)
                    .fma(FloatVector.fromArray(FLOATS, scales, row), FloatVector.fromArray(FLOATS, sums, to + row))
                    .intoArray(sums, to + row);
        }
    }

    private static void addRuns(
            float[] chains, int from, int runs, float[] x, int firstRun, float[] scales, float[] sums, int to) {
        for (int row = 0; row < ROWS; row += COUNT) {
            FloatVector s = FloatVector.zero(FLOATS);
            for (int i = 0; i < runs; i++) {
                s = FloatVector.fromArray(FLOATS, chains, from + row + i * BlockScratch.RUN_SUMS)
                        .fma(FloatVector.broadcast(FLOATS, x[firstRun + i]), s);
            }
            s.fma(FloatVector.fromArray(FLOATS, scales, row), FloatVector.fromArray(FLOATS, sums, to + row))
                    .intoArray(sums, to + row);
        }
    }
}
