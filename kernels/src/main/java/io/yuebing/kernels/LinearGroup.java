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
    private final boolean plain;

    private LinearGroup(List<Linear> members, PanelMatrix[] matrices) {
        this.members = members;
        this.matrices = matrices;
        this.plain = members.equals(List.of(matrices));
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
            matrices[i] = panels(linears[i]);
        }
        return new LinearGroup(List.of(linears), matrices);
    }

    private static PanelMatrix panels(Linear linear) {
        return switch (linear) {
            case PanelMatrix matrix -> matrix;
            case OffsetMatrix matrix -> matrix.codes();
            case ObservedLinear observed -> panels(observed.matrix());
        };
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
        ObservedLinear.tell(members, x, tokens);
        ProductRun.ofThread().run(matrices, x, tokens, results, false, pool);
        addOffsets(x, tokens, pool, results);
    }

    /**
     * The same with activations from an array.
     *
     * @param x {@code tokens x inputs}, row-major, from index 0
     */
    public void apply(float[] x, int tokens, WorkerPool pool, float[][] results) {
        int inputs = matrices[0].inputs();
        if (x.length < (long) tokens * inputs) {
            throw new IllegalArgumentException(
                    "Matrices with " + inputs + " inputs and " + tokens + " tokens got " + x.length + " inputs");
        }
        if (plain) { // the common case, in which nothing may be allocated
            ProductRun.ofThread().run(matrices, x, tokens, results, pool);
        } else {
            apply((token, to) -> System.arraycopy(x, token * inputs, to, 0, inputs), tokens, pool, results);
        }
    }

    private void addOffsets(ActivationRows x, int tokens, WorkerPool pool, float[][] results) {
        for (int i = 0; i < matrices.length; i++) {
            if (offsets(members.get(i)) instanceof OffsetMatrix matrix) {
                matrix.addOffsets(x, tokens, results[i], pool);
            }
        }
    }

    private static Linear offsets(Linear linear) {
        return linear instanceof ObservedLinear observed ? observed.matrix() : linear;
    }
}
