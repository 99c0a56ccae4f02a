package io.yuebing.kernels;

import static io.yuebing.kernels.Lanes.COUNT;
import static io.yuebing.kernels.Lanes.FLOATS;
import static io.yuebing.kernels.Lanes.INTS;
import static io.yuebing.kernels.PanelShape.ROWS;
import static io.yuebing.kernels.TokenBatch.TILE;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/** Register tiles of up to 8 tokens by 2 vectors of rows, 16-bit integers; built as {@link VectorFloatTile} is. */
final class VectorPairTile {
    static final boolean WIDE = COUNT == 16;

    private VectorPairTile() {}

    /**
     * For each token and row the sums of a run in both halves of an int, modulo 2<sup>16</sup>.
     *
     * @param w {@code [step][row]} from {@code wAt}, words shifted as {@link BlockScratch#codes} are
     * @param steps pairs of inputs
     * @param x {@code [step][8 tokens]} from {@code xAt}; see {@link TokenBatch}
     * @param tokens how many of the 8 are wanted
     * @param offsets what the sums begin with: the first token's at {@code at}, the next one's {@code runs} further
     * @param to {@code [token][row]} from {@code toAt}
     */
    static void multiply(
            int[] w,
            int wAt,
            int steps,
            float[] x,
            int xAt,
            int tokens,
            float[] offsets,
            int at,
            int runs,
            int[] to,
            int toAt) {
        for (int row = 0; row < ROWS; row += 2 * COUNT) {
            int token = 0;
            if (WIDE && tokens == TILE) {
                multiply8(w, wAt + row, steps, x, xAt, offsets, at, runs, to, toAt + row);
                token = TILE;
            }
            for (; token + 4 <= tokens; token += 4) {
                int first = at + token * runs;
                multiply4(w, wAt + row, steps, x, xAt + token, offsets, first, runs, to, toAt + token * ROWS + row);
            }
            for (; token < tokens; token++) {
                int first = at + token * runs;
                multiply1(w, wAt + row, steps, x, xAt + token, offsets, first, to, toAt + token * ROWS + row);
            }
        }
    }

    /**
     * A full tile with 512 bits, whose sums do not pass through memory on their way to the results. With d the sum of a
     * run and x the scale of its activations,
     *
     * <pre>
     * to = fma(fma(d, x, earlier), scale, before)
     * </pre>
     *
     * Calls nothing of our own: so far into a method the compiler only inlines what the Vector API forces it to.
     *
     * @param xScales each token's scale beside its offset
     * @param earlier {@code [8 tokens][row]}, the sums of the block's earlier runs
     * @param scales {@code [row]}
     * @param before {@code [8 tokens][row]} from {@code beforeAt}
     * @param to {@code [8 tokens][row]} from {@code toAt}
     */
    static void multiplyAdd(
            int[] w,
            int wAt,
            int steps,
            float[] x,
            int xAt,
            float[] offsets,
            float[] xScales,
            int at,
            int runs,
            float[] earlier,
            float[] scales,
            float[] before,
            int beforeAt,
            float[] to,
            int toAt) {
        ShortVector a0 = FloatVector.broadcast(FLOATS, offsets[at]).reinterpretAsShorts();
        ShortVector b0 = a0;
        ShortVector a1 = FloatVector.broadcast(FLOATS, offsets[at + runs]).reinterpretAsShorts();
        ShortVector b1 = a1;
        ShortVector a2 = FloatVector.broadcast(FLOATS, offsets[at + 2 * runs]).reinterpretAsShorts();
        ShortVector b2 = a2;
        ShortVector a3 = FloatVector.broadcast(FLOATS, offsets[at + 3 * runs]).reinterpretAsShorts();
        ShortVector b3 = a3;
        ShortVector a4 = FloatVector.broadcast(FLOATS, offsets[at + 4 * runs]).reinterpretAsShorts();
        ShortVector b4 = a4;
        ShortVector a5 = FloatVector.broadcast(FLOATS, offsets[at + 5 * runs]).reinterpretAsShorts();
        ShortVector b5 = a5;
        ShortVector a6 = FloatVector.broadcast(FLOATS, offsets[at + 6 * runs]).reinterpretAsShorts();
        ShortVector b6 = a6;
        ShortVector a7 = FloatVector.broadcast(FLOATS, offsets[at + 7 * runs]).reinterpretAsShorts();
        ShortVector b7 = a7;
        for (int k = 0; k < steps; k++) {
            ShortVector a = IntVector.fromArray(INTS, w, wAt + k * ROWS).reinterpretAsShorts();
            ShortVector b = IntVector.fromArray(INTS, w, wAt + k * ROWS + COUNT).reinterpretAsShorts();
            ShortVector t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE]).reinterpretAsShorts();
            a0 = a0.add(a.mul(t));
            b0 = b0.add(b.mul(t));
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 1]).reinterpretAsShorts();
            a1 = a1.add(a.mul(t));
            b1 = b1.add(b.mul(t));
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 2]).reinterpretAsShorts();
            a2 = a2.add(a.mul(t));
            b2 = b2.add(b.mul(t));
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 3]).reinterpretAsShorts();
            a3 = a3.add(a.mul(t));
            b3 = b3.add(b.mul(t));
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 4]).reinterpretAsShorts();
            a4 = a4.add(a.mul(t));
            b4 = b4.add(b.mul(t));
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 5]).reinterpretAsShorts();
            a5 = a5.add(a.mul(t));
            b5 = b5.add(b.mul(t));
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 6]).reinterpretAsShorts();
            a6 = a6.add(a.mul(t));
            b6 = b6.add(b.mul(t));
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 7]).reinterpretAsShorts();
            a7 = a7.add(a.mul(t));
            b7 = b7.add(b.mul(t));
        }
        IntVector pairs;
        FloatVector scale = FloatVector.fromArray(FLOATS, scales, 0);
        pairs = a0.reinterpretAsInts();
        pairs = pairs.add(pairs.lanewise(VectorOperators.LSHL, Short.SIZE)).lanewise(VectorOperators.ASHR, Short.SIZE);
        ((FloatVector) pairs.convertShape(VectorOperators.I2F, FLOATS, 0))
                .fma(FloatVector.broadcast(FLOATS, xScales[at]), FloatVector.fromArray(FLOATS, earlier, 0))
                .fma(scale, FloatVector.fromArray(FLOATS, before, beforeAt))
                .intoArray(to, toAt);
        pairs = a1.reinterpretAsInts();
        pairs = pairs.add(pairs.lanewise(VectorOperators.LSHL, Short.SIZE)).lanewise(VectorOperators.ASHR, Short.SIZE);
        ((FloatVector) pairs.convertShape(VectorOperators.I2F, FLOATS, 0))
                .fma(FloatVector.broadcast(FLOATS, xScales[at + runs]), FloatVector.fromArray(FLOATS, earlier, ROWS))
                .fma(scale, FloatVector.fromArray(FLOATS, before, beforeAt + ROWS))
                .intoArray(to, toAt + ROWS);
        pairs = a2.reinterpretAsInts();
        pairs = pairs.add(pairs.lanewise(VectorOperators.LSHL, Short.SIZE)).lanewise(VectorOperators.ASHR, Short.SIZE);
        ((FloatVector) pairs.convertShape(VectorOperators.I2F, FLOATS, 0))
                .fma(
                        FloatVector.broadcast(FLOATS, xScales[at + 2 * runs]),
                        FloatVector.fromArray(FLOATS, earlier, 2 * ROWS))
                .fma(scale, FloatVector.fromArray(FLOATS, before, beforeAt + 2 * ROWS))
                .intoArray(to, toAt + 2 * ROWS);
        pairs = a3.reinterpretAsInts();
        pairs = pairs.add(pairs.lanewise(VectorOperators.LSHL, Short.SIZE)).lanewise(VectorOperators.ASHR, Short.SIZE);
        ((FloatVector) pairs.convertShape(VectorOperators.I2F, FLOATS, 0))
                .fma(
                        FloatVector.broadcast(FLOATS, xScales[at + 3 * runs]),
                        FloatVector.fromArray(FLOATS, earlier, 3 * ROWS))
                .fma(scale, FloatVector.fromArray(FLOATS, before, beforeAt + 3 * ROWS))
                .intoArray(to, toAt + 3 * ROWS);
        pairs = a4.reinterpretAsInts();
        pairs = pairs.add(pairs.lanewise(VectorOperators.LSHL, Short.SIZE)).lanewise(VectorOperators.ASHR, Short.SIZE);
        ((FloatVector) pairs.convertShape(VectorOperators.I2F, FLOATS, 0))
                .fma(
                        FloatVector.broadcast(FLOATS, xScales[at + 4 * runs]),
                        FloatVector.fromArray(FLOATS, earlier, 4 * ROWS))
                .fma(scale, FloatVector.fromArray(FLOATS, before, beforeAt + 4 * ROWS))
                .intoArray(to, toAt + 4 * ROWS);
        pairs = a5.reinterpretAsInts();
        pairs = pairs.add(pairs.lanewise(VectorOperators.LSHL, Short.SIZE)).lanewise(VectorOperators.ASHR, Short.SIZE);
        ((FloatVector) pairs.convertShape(VectorOperators.I2F, FLOATS, 0))
                .fma(
                        FloatVector.broadcast(FLOATS, xScales[at + 5 * runs]),
                        FloatVector.fromArray(FLOATS, earlier, 5 * ROWS))
                .fma(scale, FloatVector.fromArray(FLOATS, before, beforeAt + 5 * ROWS))
                .intoArray(to, toAt + 5 * ROWS);
        pairs = a6.reinterpretAsInts();
        pairs = pairs.add(pairs.lanewise(VectorOperators.LSHL, Short.SIZE)).lanewise(VectorOperators.ASHR, Short.SIZE);
        ((FloatVector) pairs.convertShape(VectorOperators.I2F, FLOATS, 0))
                .fma(
                        FloatVector.broadcast(FLOATS, xScales[at + 6 * runs]),
                        FloatVector.fromArray(FLOATS, earlier, 6 * ROWS))
                .fma(scale, FloatVector.fromArray(FLOATS, before, beforeAt + 6 * ROWS))
                .intoArray(to, toAt + 6 * ROWS);
        pairs = a7.reinterpretAsInts();
        pairs = pairs.add(pairs.lanewise(VectorOperators.LSHL, Short.SIZE)).lanewise(VectorOperators.ASHR, Short.SIZE);
        ((FloatVector) pairs.convertShape(VectorOperators.I2F, FLOATS, 0))
                .fma(
                        FloatVector.broadcast(FLOATS, xScales[at + 7 * runs]),
                        FloatVector.fromArray(FLOATS, earlier, 7 * ROWS))
                .fma(scale, FloatVector.fromArray(FLOATS, before, beforeAt + 7 * ROWS))
                .intoArray(to, toAt + 7 * ROWS);
        scale = FloatVector.fromArray(FLOATS, scales, COUNT);
        pairs = b0.reinterpretAsInts();
        pairs = pairs.add(pairs.lanewise(VectorOperators.LSHL, Short.SIZE)).lanewise(VectorOperators.ASHR, Short.SIZE);
        ((FloatVector) pairs.convertShape(VectorOperators.I2F, FLOATS, 0))
                .fma(FloatVector.broadcast(FLOATS, xScales[at]), FloatVector.fromArray(FLOATS, earlier, COUNT))
                .fma(scale, FloatVector.fromArray(FLOATS, before, beforeAt + COUNT))
                .intoArray(to, toAt + COUNT);
        pairs = b1.reinterpretAsInts();
        pairs = pairs.add(pairs.lanewise(VectorOperators.LSHL, Short.SIZE)).lanewise(VectorOperators.ASHR, Short.SIZE);
        ((FloatVector) pairs.convertShape(VectorOperators.I2F, FLOATS, 0))
                .fma(
                        FloatVector.broadcast(FLOATS, xScales[at + runs]),
                        FloatVector.fromArray(FLOATS, earlier, ROWS + COUNT))
                .fma(scale, FloatVector.fromArray(FLOATS, before, beforeAt + ROWS + COUNT))
                .intoArray(to, toAt + ROWS + COUNT);
        pairs = b2.reinterpretAsInts();
        pairs = pairs.add(pairs.lanewise(VectorOperators.LSHL, Short.SIZE)).lanewise(VectorOperators.ASHR, Short.SIZE);
        ((FloatVector) pairs.convertShape(VectorOperators.I2F, FLOATS, 0))
                .fma(
                        FloatVector.broadcast(FLOATS, xScales[at + 2 * runs]),
                        FloatVector.fromArray(FLOATS, earlier, 2 * ROWS + COUNT))
                .fma(scale, FloatVector.fromArray(FLOATS, before, beforeAt + 2 * ROWS + COUNT))
                .intoArray(to, toAt + 2 * ROWS + COUNT);
        pairs = b3.reinterpretAsInts();
        pairs = pairs.add(pairs.lanewise(VectorOperators.LSHL, Short.SIZE)).lanewise(VectorOperators.ASHR, Short.SIZE);
        ((FloatVector) pairs.convertShape(VectorOperators.I2F, FLOATS, 0))
                .fma(
                        FloatVector.broadcast(FLOATS, xScales[at + 3 * runs]),
                        FloatVector.fromArray(FLOATS, earlier, 3 * ROWS + COUNT))
                .fma(scale, FloatVector.fromArray(FLOATS, before, beforeAt + 3 * ROWS + COUNT))
                .intoArray(to, toAt + 3 * ROWS + COUNT);
        pairs = b4.reinterpretAsInts();
        pairs = pairs.add(pairs.lanewise(VectorOperators.LSHL, Short.SIZE)).lanewise(VectorOperators.ASHR, Short.SIZE);
        ((FloatVector) pairs.convertShape(VectorOperators.I2F, FLOATS, 0))
                .fma(
                        FloatVector.broadcast(FLOATS, xScales[at + 4 * runs]),
                        FloatVector.fromArray(FLOATS, earlier, 4 * ROWS + COUNT))
                .fma(scale, FloatVector.fromArray(FLOATS, before, beforeAt + 4 * ROWS + COUNT))
                .intoArray(to, toAt + 4 * ROWS + COUNT);
        pairs = b5.reinterpretAsInts();
        pairs = pairs.add(pairs.lanewise(VectorOperators.LSHL, Short.SIZE)).lanewise(VectorOperators.ASHR, Short.SIZE);
        ((FloatVector) pairs.convertShape(VectorOperators.I2F, FLOATS, 0))
                .fma(
                        FloatVector.broadcast(FLOATS, xScales[at + 5 * runs]),
                        FloatVector.fromArray(FLOATS, earlier, 5 * ROWS + COUNT))
                .fma(scale, FloatVector.fromArray(FLOATS, before, beforeAt + 5 * ROWS + COUNT))
                .intoArray(to, toAt + 5 * ROWS + COUNT);
        pairs = b6.reinterpretAsInts();
        pairs = pairs.add(pairs.lanewise(VectorOperators.LSHL, Short.SIZE)).lanewise(VectorOperators.ASHR, Short.SIZE);
        ((FloatVector) pairs.convertShape(VectorOperators.I2F, FLOATS, 0))
                .fma(
                        FloatVector.broadcast(FLOATS, xScales[at + 6 * runs]),
                        FloatVector.fromArray(FLOATS, earlier, 6 * ROWS + COUNT))
                .fma(scale, FloatVector.fromArray(FLOATS, before, beforeAt + 6 * ROWS + COUNT))
                .intoArray(to, toAt + 6 * ROWS + COUNT);
        pairs = b7.reinterpretAsInts();
        pairs = pairs.add(pairs.lanewise(VectorOperators.LSHL, Short.SIZE)).lanewise(VectorOperators.ASHR, Short.SIZE);
        ((FloatVector) pairs.convertShape(VectorOperators.I2F, FLOATS, 0))
                .fma(
                        FloatVector.broadcast(FLOATS, xScales[at + 7 * runs]),
                        FloatVector.fromArray(FLOATS, earlier, 7 * ROWS + COUNT))
                .fma(scale, FloatVector.fromArray(FLOATS, before, beforeAt + 7 * ROWS + COUNT))
                .intoArray(to, toAt + 7 * ROWS + COUNT);
    }

    /** The sums of both halves of each lane, modulo 2<sup>16</sup>. */
    static FloatVector floats(IntVector pairs) {
        return (FloatVector) pairs.add(pairs.lanewise(VectorOperators.LSHL, Short.SIZE))
                .lanewise(VectorOperators.ASHR, Short.SIZE)
                .convertShape(VectorOperators.I2F, FLOATS, 0);
    }

    private static void multiply8(
            int[] w, int wAt, int steps, float[] x, int xAt, float[] offsets, int at, int runs, int[] to, int toAt) {
        ShortVector a0 = FloatVector.broadcast(FLOATS, offsets[at]).reinterpretAsShorts();
        ShortVector b0 = a0;
        ShortVector a1 = FloatVector.broadcast(FLOATS, offsets[at + runs]).reinterpretAsShorts();
        ShortVector b1 = a1;
        ShortVector a2 = FloatVector.broadcast(FLOATS, offsets[at + 2 * runs]).reinterpretAsShorts();
        ShortVector b2 = a2;
        ShortVector a3 = FloatVector.broadcast(FLOATS, offsets[at + 3 * runs]).reinterpretAsShorts();
        ShortVector b3 = a3;
        ShortVector a4 = FloatVector.broadcast(FLOATS, offsets[at + 4 * runs]).reinterpretAsShorts();
        ShortVector b4 = a4;
        ShortVector a5 = FloatVector.broadcast(FLOATS, offsets[at + 5 * runs]).reinterpretAsShorts();
        ShortVector b5 = a5;
        ShortVector a6 = FloatVector.broadcast(FLOATS, offsets[at + 6 * runs]).reinterpretAsShorts();
        ShortVector b6 = a6;
        ShortVector a7 = FloatVector.broadcast(FLOATS, offsets[at + 7 * runs]).reinterpretAsShorts();
        ShortVector b7 = a7;
        for (int k = 0; k < steps; k++) {
            ShortVector a = IntVector.fromArray(INTS, w, wAt + k * ROWS).reinterpretAsShorts();
            ShortVector b = IntVector.fromArray(INTS, w, wAt + k * ROWS + COUNT).reinterpretAsShorts();
            ShortVector t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE]).reinterpretAsShorts();
            a0 = a0.add(a.mul(t));
            b0 = b0.add(b.mul(t));
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 1]).reinterpretAsShorts();
            a1 = a1.add(a.mul(t));
            b1 = b1.add(b.mul(t));
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 2]).reinterpretAsShorts();
            a2 = a2.add(a.mul(t));
            b2 = b2.add(b.mul(t));
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 3]).reinterpretAsShorts();
            a3 = a3.add(a.mul(t));
            b3 = b3.add(b.mul(t));
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 4]).reinterpretAsShorts();
            a4 = a4.add(a.mul(t));
            b4 = b4.add(b.mul(t));
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 5]).reinterpretAsShorts();
            a5 = a5.add(a.mul(t));
            b5 = b5.add(b.mul(t));
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 6]).reinterpretAsShorts();
            a6 = a6.add(a.mul(t));
            b6 = b6.add(b.mul(t));
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 7]).reinterpretAsShorts();
            a7 = a7.add(a.mul(t));
            b7 = b7.add(b.mul(t));
        }
        a0.reinterpretAsInts().intoArray(to, toAt);
        b0.reinterpretAsInts().intoArray(to, toAt + COUNT);
        a1.reinterpretAsInts().intoArray(to, toAt + ROWS);
        b1.reinterpretAsInts().intoArray(to, toAt + ROWS + COUNT);
        a2.reinterpretAsInts().intoArray(to, toAt + 2 * ROWS);
        b2.reinterpretAsInts().intoArray(to, toAt + 2 * ROWS + COUNT);
        a3.reinterpretAsInts().intoArray(to, toAt + 3 * ROWS);
        b3.reinterpretAsInts().intoArray(to, toAt + 3 * ROWS + COUNT);
        a4.reinterpretAsInts().intoArray(to, toAt + 4 * ROWS);
        b4.reinterpretAsInts().intoArray(to, toAt + 4 * ROWS + COUNT);
        a5.reinterpretAsInts().intoArray(to, toAt + 5 * ROWS);
        b5.reinterpretAsInts().intoArray(to, toAt + 5 * ROWS + COUNT);
        a6.reinterpretAsInts().intoArray(to, toAt + 6 * ROWS);
        b6.reinterpretAsInts().intoArray(to, toAt + 6 * ROWS + COUNT);
        a7.reinterpretAsInts().intoArray(to, toAt + 7 * ROWS);
        b7.reinterpretAsInts().intoArray(to, toAt + 7 * ROWS + COUNT);
    }

    private static void multiply4(
            int[] w, int wAt, int steps, float[] x, int xAt, float[] offsets, int at, int runs, int[] to, int toAt) {
        ShortVector a0 = FloatVector.broadcast(FLOATS, offsets[at]).reinterpretAsShorts();
        ShortVector b0 = a0;
        ShortVector a1 = FloatVector.broadcast(FLOATS, offsets[at + runs]).reinterpretAsShorts();
        ShortVector b1 = a1;
        ShortVector a2 = FloatVector.broadcast(FLOATS, offsets[at + 2 * runs]).reinterpretAsShorts();
        ShortVector b2 = a2;
        ShortVector a3 = FloatVector.broadcast(FLOATS, offsets[at + 3 * runs]).reinterpretAsShorts();
        ShortVector b3 = a3;
        for (int k = 0; k < steps; k++) {
            ShortVector a = IntVector.fromArray(INTS, w, wAt + k * ROWS).reinterpretAsShorts();
            ShortVector b = IntVector.fromArray(INTS, w, wAt + k * ROWS + COUNT).reinterpretAsShorts();
            ShortVector t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE]).reinterpretAsShorts();
            a0 = a0.add(a.mul(t));
            b0 = b0.add(b.mul(t));
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 1]).reinterpretAsShorts();
            a1 = a1.add(a.mul(t));
            b1 = b1.add(b.mul(t));
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 2]).reinterpretAsShorts();
            a2 = a2.add(a.mul(t));
            b2 = b2.add(b.mul(t));
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 3]).reinterpretAsShorts();
            a3 = a3.add(a.mul(t));
            b3 = b3.add(b.mul(t));
        }
        a0.reinterpretAsInts().intoArray(to, toAt);
        b0.reinterpretAsInts().intoArray(to, toAt + COUNT);
        a1.reinterpretAsInts().intoArray(to, toAt + ROWS);
        b1.reinterpretAsInts().intoArray(to, toAt + ROWS + COUNT);
        a2.reinterpretAsInts().intoArray(to, toAt + 2 * ROWS);
        b2.reinterpretAsInts().intoArray(to, toAt + 2 * ROWS + COUNT);
        a3.reinterpretAsInts().intoArray(to, toAt + 3 * ROWS);
        b3.reinterpretAsInts().intoArray(to, toAt + 3 * ROWS + COUNT);
    }

    private static void multiply1(
            int[] w, int wAt, int steps, float[] x, int xAt, float[] offsets, int at, int[] to, int toAt) {
        ShortVector a0 = FloatVector.broadcast(FLOATS, offsets[at]).reinterpretAsShorts();
        ShortVector b0 = a0;
        for (int k = 0; k < steps; k++) {
            ShortVector a = IntVector.fromArray(INTS, w, wAt + k * ROWS).reinterpretAsShorts();
            ShortVector b = IntVector.fromArray(INTS, w, wAt + k * ROWS + COUNT).reinterpretAsShorts();
            ShortVector t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE]).reinterpretAsShorts();
            a0 = a0.add(a.mul(t));
            b0 = b0.add(b.mul(t));
        }
        a0.reinterpretAsInts().intoArray(to, toAt);
        b0.reinterpretAsInts().intoArray(to, toAt + COUNT);
    }
}
