package io.yuebing.kernels;

import io.yuebing.bench.jmh.Threads;
import io.yuebing.bench.jmh.Work;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Function;

/**
 * Products with equal matrices, one after the other and together too large for the processor's caches, in pages as large as
 * those of a model.
 */
final class MatricesInTurn implements AutoCloseable {
    /** Rows of the matrices of Qwen2.5-7B's MLP. */
    static final int OUTPUTS = 18_944;

    /** Columns of these. */
    static final int INPUTS = 3_584;

    private static final long MEMORY = 128L << 20;
    private static final int SEED = 1;

    private final Arena arena = new LargePageArena();
    private final WorkerPool pool = WorkerPool.create(Threads.COUNT);
    private final int tokens;
    private final Linear[] matrices;
    private final float[] x;
    private final float[] y;
    private int next;

    /** @param make makes a matrix of {@link #OUTPUTS} x {@link #INPUTS} in an arena */
    MatricesInTurn(int tokens, Function<Arena, Linear> make) {
        this.tokens = tokens;
        Linear first = make.apply(arena);
        matrices = new Linear[(int) Math.max(2, Math.ceilDiv(MEMORY, first.bytes()))];
        Arrays.setAll(matrices, i -> i == 0 ? first : make.apply(arena));
        Random random = new Random(SEED);
        x = new float[tokens * INPUTS];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        y = new float[tokens * OUTPUTS];
    }

    void multiply(Work work) {
        Linear matrix = matrices[next];
        next = (next + 1) % matrices.length;
        matrix.apply(x, tokens, y, pool);
        work.done(matrix.bytes(), (long) tokens * OUTPUTS * INPUTS);
    }

    @Override
    public void close() {
        pool.close();
        arena.close();
    }
}
