package io.yuebing.kernels;

import java.util.List;

/**
 * A matrix for each head, which multiplies that head's activations alone: the projections of latent attention that lead
 * into the latent space and out of it.
 *
 * <p>Threads share the heads, and the rows of a head are multiplied by one thread. The bits of a result depend on its row
 * and its head alone, as with every {@link Linear}.
 */
public final class HeadLinears {
    private static final ThreadLocal<Scratch> OF_THREAD = ThreadLocal.withInitial(Scratch::new);

    private final List<Linear> heads;
    private final int inputs;
    private final int outputs;

    /** The rows of one head, and a pool without other threads. */
    private static final class Scratch {
        final WorkerPool alone = WorkerPool.create(1);
        float[] in = {};
        float[] out = {};
    }

    /**
     * Matrices of the same size.
     *
     * @throws IllegalArgumentException if they differ in size, or there are none
     */
    public HeadLinears(List<Linear> heads) {
        this.heads = List.copyOf(heads);
        inputs = heads.getFirst().inputs();
        outputs = heads.getFirst().outputs();
        for (Linear head : heads) {
            if (head.inputs() != inputs || head.outputs() != outputs) {
                throw new IllegalArgumentException("Heads have matrices of " + outputs + " x " + inputs + " and "
                        + head.outputs() + " x " + head.inputs() + "; they must be of the same size");
            }
        }
    }

    /** The matrices, head by head. */
    public List<Linear> members() {
        return heads;
    }

    /**
     * Multiplies.
     *
     * @param x {@code [rows][heads][xSize]}, of which the first {@code inputs} of each head are read
     * @param y {@code [rows][heads][ySize]}, of which the first {@code outputs} of each head are overwritten; not {@code x}
     */
    public void apply(float[] x, int xSize, int rows, float[] y, int ySize, WorkerPool pool) {
        pool.run(heads.size(), head -> apply(head, x, xSize, rows, y, ySize));
    }

    private void apply(int head, float[] x, int xSize, int rows, float[] y, int ySize) {
        Scratch scratch = OF_THREAD.get();
        if (scratch.in.length < rows * inputs) {
            scratch.in = new float[rows * inputs];
        }
        if (scratch.out.length < rows * outputs) {
            scratch.out = new float[rows * outputs];
        }
        for (int row = 0; row < rows; row++) {
            System.arraycopy(x, (row * heads.size() + head) * xSize, scratch.in, row * inputs, inputs);
        }
        heads.get(head).apply(scratch.in, rows, scratch.out, scratch.alone);
        for (int row = 0; row < rows; row++) {
            System.arraycopy(scratch.out, row * outputs, y, (row * heads.size() + head) * ySize, outputs);
        }
    }
}
