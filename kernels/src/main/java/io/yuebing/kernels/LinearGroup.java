package io.yuebing.kernels;

import java.util.List;

/**
 * Matrices that multiply the same activations, computed in one go: query, key and value, or gate and up.
 *
 * <p>Activations are read, and rounded if need be, once for all matrices that hold their weights alike, and the threads
 * meet once instead of once for each matrix.
 */
public final class LinearGroup {
    private final List<Linear> members;
    private final PanelMatrix[] matrices;

    private LinearGroup(List<Linear> members, PanelMatrix[] matrices) {
        this.members = members;
        this.matrices = matrices;
    }

    /**
     * Groups matrices.
     *
     * @throws IllegalArgumentException if they have different numbers of inputs
     */
    public static LinearGroup of(Linear... linears) {
        PanelMatrix[] matrices = new PanelMatrix[linears.length];
        for (int i = 0; i < linears.length; i++) {
            if (linears[i].inputs() != linears[0].inputs()) {
                throw new IllegalArgumentException("Matrices of a group have " + linears[0].inputs() + " and "
                        + linears[i].inputs() + " inputs; they must have the same number");
            }
            matrices[i] = switch (linears[i]) {
                case PanelMatrix matrix -> matrix;
                case OffsetMatrix matrix -> matrix.codes();
            };
        }
        return new LinearGroup(List.of(linears), matrices);
    }

    /** The matrices. */
    public List<Linear> members() {
        return members;
    }

    /**
     * Multiplies with each matrix; see {@link Linear#apply}. One call at a time.
     *
     * @param x gives the activations; must not read a result
     * @param results for each matrix {@code tokens x outputs}, row-major, from index 0; overwritten
     * @throws IllegalArgumentException if an array is too short
     */
    public void apply(ActivationRows x, int tokens, WorkerPool pool, float[][] results) {
        ProductRun.ofThread().run(matrices, x, tokens, results, false, pool);
        for (int i = 0; i < matrices.length; i++) {
            if (members.get(i) instanceof OffsetMatrix matrix) {
                matrix.addOffsets(x, tokens, results[i], pool);
            }
        }
    }

    /**
     * The same with activations from an array.
     *
     * @param x {@code tokens x inputs}, row-major, from index 0
     */
    public void apply(float[] x, int tokens, WorkerPool pool, float[][] results) {
        if (x.length < (long) tokens * matrices[0].inputs()) {
            throw new IllegalArgumentException("Matrices with " + matrices[0].inputs() + " inputs and " + tokens
                    + " tokens got " + x.length + " inputs");
        }
        ProductRun.ofThread().run(matrices, x, tokens, results, pool);
    }
}
