package io.yuebing.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Lets a process compute with plain loops until the vector loops are compiled.
 *
 * <p>Until HotSpot has compiled them, vector loops are interpreted, some hundred times slower than plain ones: the first
 * token of a fresh process would take seconds. Both give the same bits, so the change in the middle of work shows in
 * nothing but speed.
 *
 * <pre>
 *   beginPlain()   |  plain loops                    | vector loops
 *   warmUp()       |  vector loops on made-up input  |
 * </pre>
 */
public final class KernelWarmup {
    private static final int OUTPUTS = 64;
    private static final int INPUTS = 256;
    private static final int GROUP = 128;
    private static final int TOKENS = 8;

    /** Calls of each loop: past HotSpot's thresholds for its optimising compiler. */
    private static final int ROUNDS = 400;

    /** Enough on a slow or busy machine; what is not compiled by then will be while it is used. */
    private static final long LONGEST_NANOS = 8_000_000_000L;

    /** The kinds of products that this process has weights for. */
    private static final Set<Product> PRODUCTS = ConcurrentHashMap.newKeySet();

    private static volatile boolean warm;

    /** What makes loops take another way; HotSpot throws away what it has compiled for one that was never taken. */
    private record Product(
            PanelEncoding encoding, ComputeMode mode, int groupSize, boolean halfScales, boolean ownZeros) {
        static Product of(PanelShape shape, ComputeMode mode) {
            int groupSize = INPUTS % shape.groupSize() == 0 ? shape.groupSize() : GROUP;
            return new Product(shape.encoding(), mode, groupSize, shape.halfScales(), shape.ownZeros());
        }
    }

    private KernelWarmup() {}

    /** Only Java's vector loops need to be warm. */
    public static boolean needed() {
        return KernelChoice.made().set() == KernelChoice.Set.JAVA;
    }

    /** Remembers that there are weights of this kind. */
    static void expect(PanelShape shape, ComputeMode mode) {
        PRODUCTS.add(Product.of(shape, mode));
    }

    /** From now on until {@link #warmUp} ends this process computes with plain loops, if that has not happened yet. */
    public static void beginPlain() {
        if (needed() && !warm) {
            Kernels.Active.now = new ScalarKernels();
        }
    }

    /**
     * Has the vector loops compiled, on the calling thread, then lets the process use them. Does nothing where vectors
     * are not used.
     *
     * @return milliseconds that it took
     */
    public static long warmUp() {
        long began = System.nanoTime();
        if (needed() && Kernels.active() != Kernels.Active.CHOSEN) {
            run(Kernels.Active.CHOSEN, began + LONGEST_NANOS);
            Kernels.Active.now = Kernels.Active.CHOSEN;
            warm = true;
        }
        return (System.nanoTime() - began) / 1_000_000;
    }

    private static void run(Kernels kernels, long deadline) {
        float[] x = numbers(TOKENS * INPUTS);
        float[] y = new float[TOKENS * OUTPUTS];
        try (Arena arena = Arena.ofShared();
                WorkerPool alone = WorkerPool.create(1)) {
            List<Linear> products = PRODUCTS.stream()
                    .map(product -> madeUp(product, kernels, arena))
                    .toList();
            MemorySegment halves = arena.allocate((long) INPUTS * Short.BYTES);
            for (int round = 0; round < ROUNDS && System.nanoTime() - deadline < 0; round++) {
                int tokens = round % 2 == 0 ? 1 : TOKENS;
                for (Linear product : products) {
                    product.apply(x, tokens, y, alone);
                }
                rows(kernels.rows(), x.clone(), halves);
                attention(kernels.attention(), x);
                selection(kernels.selection(), x, y.clone());
            }
        }
    }

    private static Linear madeUp(Product product, Kernels kernels, Arena arena) {
        float[] noBias = {};
        PanelEncoding encoding = product.encoding();
        if (!encoding.scaled()) {
            long bytes = (long) OUTPUTS * INPUTS * encoding.bitsPerInput() / Byte.SIZE;
            return Linears.floats(
                    encoding, OUTPUTS, INPUTS, RowBands.of(arena.allocate(bytes), OUTPUTS), noBias, arena, kernels);
        }
        int bits = encoding.bitsPerInput();
        byte[] made = new byte[INPUTS * OUTPUTS];
        new Random(1).nextBytes(made);
        for (int i = 0; i < made.length; i++) {
            made[i] = (byte) (made[i] & ((1 << bits) - 1));
        }
        CodeBands codes = CodeBands.of(made, OUTPUTS);
        int groups = INPUTS / product.groupSize();
        float[] scales = numbers(groups * OUTPUTS);
        if (product.halfScales()) {
            Arrays.fill(scales, 0.25f);
        }
        if (encoding == PanelEncoding.E4M3) {
            return Linears.e4m3(OUTPUTS, INPUTS, product.groupSize(), codes, scales, noBias, arena, kernels);
        }
        byte[] zeros = new byte[groups * OUTPUTS];
        if (!product.ownZeros()) {
            Arrays.fill(zeros, (byte) encoding.middle());
        }
        QuantizedWeights weights =
                new QuantizedWeights(OUTPUTS, INPUTS, bits, product.groupSize(), codes, scales, zeros, new int[0]);
        return Linears.quantized(weights, noBias, product.mode(), arena, kernels);
    }

    private static void rows(RowKernel rows, float[] x, MemorySegment halves) {
        for (int at = 0; at + INPUTS <= x.length; at += INPUTS) {
            float unused = rows.sumOfSquares(x, at, INPUTS);
            rows.siluMul(x, at, x, at, x, at, INPUTS);
            rows.geluMul(x, at, x, at, x, at, INPUTS);
            unused += rows.exponentials(x, at, INPUTS);
            rows.bf16ToFloat(halves, 0, x, at, INPUTS);
        }
    }

    private static void attention(AttentionKernel attention, float[] x) {
        int channels = GROUP / 2;
        MemorySegment cache = MemorySegment.ofArray(new byte[AttentionKernel.TILE * channels * Float.BYTES]);
        long[] rows = new long[AttentionKernel.TILE];
        float[] read = new float[AttentionKernel.TILE * channels];
        float[] scores = new float[4 * AttentionKernel.TILE];
        float[] sums = new float[4 * channels];
        int[] scratch = new int[AttentionKernel.SCRATCH];
        for (CacheElement element : CacheElement.values()) {
            attention.readKeys(cache, rows, element, 0, channels, read, scratch);
            attention.readValues(cache, rows, 0, element, 0, channels, read);
        }
        for (int queries = 1; queries <= 4; queries++) {
            attention.scores(read, channels, x, 1, x, new int[4], 0, queries, scores);
            attention.weigh(
                    scores, 0, queries, new float[queries], new float[queries], new float[Kernels.REDUCTION_LANES]);
            attention.accumulate(read, channels, 0, AttentionKernel.TILE, scores, 0, sums, 0, channels, queries);
        }
    }

    private static void selection(SelectionKernel selection, float[] x, float[] weights) {
        int n = weights.length;
        float largest = selection.largest(x, 0, n);
        float unused = selection.exponentials(x, 0, n, largest, 1, 0, weights, 0);
        unused += selection.sumAtLeast(weights, 0, n, 0.5f);
        unused += selection.firstAtLeast(x, 0, n, largest) + selection.countAtLeast(x, 0, n, largest);
    }

    private static float[] numbers(int n) {
        Random random = new Random(n);
        float[] numbers = new float[n];
        for (int i = 0; i < n; i++) {
            numbers[i] = random.nextFloat() - 0.5f;
        }
        return numbers;
    }
}
