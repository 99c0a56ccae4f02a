package io.yuebing.kernels;

import static io.yuebing.kernels.Lanes.COUNT;
import static io.yuebing.kernels.Lanes.FLOATS;
import static io.yuebing.kernels.PanelShape.ROWS;
import static io.yuebing.kernels.TokenBatch.TILE;

import jdk.incubator.vector.FloatVector;

/**
 * Register tiles of up to 8 tokens by 2 vectors of rows, floats.
 *
 * <p>With 512 bits there are 32 registers, enough for the 16 chains of 8 tokens; with fewer bits a tile has 4 tokens. The
 * lines are written out because arrays of vectors, and methods that return vectors but are not inlined, end up on the
 * heap; each method is small enough for the compiler's limit of nodes.
 */
final class VectorFloatTile {
    private static final boolean WIDE = COUNT == 16;

    private VectorFloatTile() {}

    /**
     * For each token and row a chain of fused multiply-adds from 0.
     *
     * @param w {@code [input][row]} from {@code wAt}
     * @param x {@code [input][8 tokens]} from {@code xAt}
     * @param tokens how many of the 8 are wanted
     * @param to {@code [token][row]} from {@code toAt}
     */
    static void multiply(float[] w, int wAt, int inputs, float[] x, int xAt, int tokens, float[] to, int toAt) {
        for (int row = 0; row < ROWS; row += 2 * COUNT) {
            int token = 0;
            if (WIDE && tokens == TILE) {
                multiply8(w, wAt + row, inputs, x, xAt, to, toAt + row);
                token = TILE;
            }
            for (; token + 4 <= tokens; token += 4) {
                multiply4(w, wAt + row, inputs, x, xAt + token, to, toAt + token * ROWS + row);
            }
            for (; token < tokens; token++) {
                multiply1(w, wAt + row, inputs, x, xAt + token, to, toAt + token * ROWS + row);
            }
        }
    }

    private static void multiply8(float[] w, int wAt, int inputs, float[] x, int xAt, float[] to, int toAt) {
        FloatVector a0 = FloatVector.zero(FLOATS);
        FloatVector b0 = a0;
        FloatVector a1 = a0;
        FloatVector b1 = a0;
        FloatVector a2 = a0;
        FloatVector b2 = a0;
        FloatVector a3 = a0;
        FloatVector b3 = a0;
        FloatVector a4 = a0;
        FloatVector b4 = a0;
        FloatVector a5 = a0;
        FloatVector b5 = a0;
        FloatVector a6 = a0;
        FloatVector b6 = a0;
        FloatVector a7 = a0;
        FloatVector b7 = a0;
        for (int k = 0; k < inputs; k++) {
            FloatVector a = FloatVector.fromArray(FLOATS, w, wAt + k * ROWS);
            FloatVector b = FloatVector.fromArray(FLOATS, w, wAt + k * ROWS + COUNT);
            FloatVector t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE]);
            a0 = t.fma(a, a0);
            b0 = t.fma(b, b0);
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 1]);
            a1 = t.fma(a, a1);
            b1 = t.fma(b, b1);
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 2]);
            a2 = t.fma(a, a2);
            b2 = t.fma(b, b2);
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 3]);
            a3 = t.fma(a, a3);
            b3 = t.fma(b, b3);
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 4]);
            a4 = t.fma(a, a4);
            b4 = t.fma(b, b4);
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 5]);
            a5 = t.fma(a, a5);
            b5 = t.fma(b, b5);
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 6]);
            a6 = t.fma(a, a6);
            b6 = t.fma(b, b6);
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 7]);
            a7 = t.fma(a, a7);
            b7 = t.fma(b, b7);
        }
        a0.intoArray(to, toAt);
        b0.intoArray(to, toAt + COUNT);
        a1.intoArray(to, toAt + ROWS);
        b1.intoArray(to, toAt + ROWS + COUNT);
        a2.intoArray(to, toAt + 2 * ROWS);
        b2.intoArray(to, toAt + 2 * ROWS + COUNT);
        a3.intoArray(to, toAt + 3 * ROWS);
        b3.intoArray(to, toAt + 3 * ROWS + COUNT);
        a4.intoArray(to, toAt + 4 * ROWS);
        b4.intoArray(to, toAt + 4 * ROWS + COUNT);
        a5.intoArray(to, toAt + 5 * ROWS);
        b5.intoArray(to, toAt + 5 * ROWS + COUNT);
        a6.intoArray(to, toAt + 6 * ROWS);
        b6.intoArray(to, toAt + 6 * ROWS + COUNT);
        a7.intoArray(to, toAt + 7 * ROWS);
        b7.intoArray(to, toAt + 7 * ROWS + COUNT);
    }

    private static void multiply4(float[] w, int wAt, int inputs, float[] x, int xAt, float[] to, int toAt) {
        FloatVector a0 = FloatVector.zero(FLOATS);
        FloatVector b0 = a0;
        FloatVector a1 = a0;
        FloatVector b1 = a0;
        FloatVector a2 = a0;
        FloatVector b2 = a0;
        FloatVector a3 = a0;
        FloatVector b3 = a0;
        for (int k = 0; k < inputs; k++) {
            FloatVector a = FloatVector.fromArray(FLOATS, w, wAt + k * ROWS);
            FloatVector b = FloatVector.fromArray(FLOATS, w, wAt + k * ROWS + COUNT);
            FloatVector t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE]);
            a0 = t.fma(a, a0);
            b0 = t.fma(b, b0);
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 1]);
            a1 = t.fma(a, a1);
            b1 = t.fma(b, b1);
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 2]);
            a2 = t.fma(a, a2);
            b2 = t.fma(b, b2);
            t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE + 3]);
            a3 = t.fma(a, a3);
            b3 = t.fma(b, b3);
        }
        a0.intoArray(to, toAt);
        b0.intoArray(to, toAt + COUNT);
        a1.intoArray(to, toAt + ROWS);
        b1.intoArray(to, toAt + ROWS + COUNT);
        a2.intoArray(to, toAt + 2 * ROWS);
        b2.intoArray(to, toAt + 2 * ROWS + COUNT);
        a3.intoArray(to, toAt + 3 * ROWS);
        b3.intoArray(to, toAt + 3 * ROWS + COUNT);
    }

    private static void multiply1(float[] w, int wAt, int inputs, float[] x, int xAt, float[] to, int toAt) {
        FloatVector a0 = FloatVector.zero(FLOATS);
        FloatVector b0 = a0;
        for (int k = 0; k < inputs; k++) {
            FloatVector a = FloatVector.fromArray(FLOATS, w, wAt + k * ROWS);
            FloatVector b = FloatVector.fromArray(FLOATS, w, wAt + k * ROWS + COUNT);
            FloatVector t = FloatVector.broadcast(FLOATS, x[xAt + k * TILE]);
            a0 = t.fma(a, a0);
            b0 = t.fma(b, b0);
        }
        a0.intoArray(to, toAt);
        b0.intoArray(to, toAt + COUNT);
    }
}
