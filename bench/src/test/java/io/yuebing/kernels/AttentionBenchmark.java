package io.yuebing.kernels;

import io.yuebing.bench.jmh.Threads;
import io.yuebing.bench.jmh.Work;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Attention of Qwen2.5-0.5B (2 KV heads of 64) and 7B (4 of 128), 7 query heads for each, at the end of 32,768 positions: one
 * row is a step of decoding, 256 a chunk of a prompt. The caches in turn are too large for the processor's,
 * in pages as large as an engine's.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class AttentionBenchmark {
    private static final int CONTEXT = 32_768;
    private static final int BLOCK_SIZE = 16;
    private static final int QUERIES_PER_KV_HEAD = 7;
    private static final long MEMORY = 256L << 20;
    private static final int SEED = 1;

    @Param({"64", "128"})
    int headSize;

    @Param({"BF16", "INT8", "F16", "F32"})
    CacheElement element;

    @Param({"1", "256"})
    int rows;

    private final Arena arena = new LargePageArena();
    private final WorkerPool pool = WorkerPool.create(Threads.COUNT);
    private Attention.CacheView[] layers = {};
    private BatchAttention attention = new BatchAttention(1, 1, 2);
    private float[] q = {};
    private float[] out = {};
    private long bytes;
    private long macs;
    private int next;

    @Setup(Level.Trial)
    public void fill(KernelSet kernels) {
        Random random = new Random(SEED);
        int kvHeads = headSize / 32;
        int heads = kvHeads * QUERIES_PER_KV_HEAD;
        long token = (long) headSize * element.bytes() + (element.scaled() ? Float.BYTES : 0);
        bytes = 2 * token * kvHeads * CONTEXT;
        layers = new Attention.CacheView[(int) Math.max(2, MEMORY / bytes)];
        Arrays.setAll(layers, i -> view(kvHeads, token));
        int[] table = random.ints(0, CONTEXT / BLOCK_SIZE)
                .distinct()
                .limit(CONTEXT / BLOCK_SIZE)
                .toArray();
        float[] row = new float[kvHeads * headSize];
        for (Attention.CacheView layer : layers) {
            for (int position = 0; position < CONTEXT; position++) {
                for (int i = 0; i < row.length; i++) {
                    row[i] = random.nextFloat() - 0.5f;
                }
                int block = table[position / BLOCK_SIZE];
                Attention.write(layer, block, position % BLOCK_SIZE, row, 0, row, 0);
            }
        }
        q = new float[rows * heads * headSize];
        Arrays.fill(q, 0.1f);
        out = new float[q.length];
        attention = new BatchAttention(heads, kvHeads, headSize);
        attention.add(0, rows, CONTEXT - rows, table);
        macs = 0;
        for (int i = 1; i <= rows; i++) {
            macs += 2L * heads * headSize * (CONTEXT - rows + i);
        }
    }

    private Attention.CacheView view(int kvHeads, long token) {
        long head = token * BLOCK_SIZE;
        long kv = head * kvHeads;
        return new Attention.CacheView(
                arena.allocate(bytes, 64), element, BLOCK_SIZE, headSize, kvHeads, 2 * kv, kv, head, token);
    }

    @Benchmark
    public void attend(Work work) {
        attention.attend(layers[next], 0, (float) (1 / Math.sqrt(headSize)), 0, q, out, pool);
        next = (next + 1) % layers.length;
        work.done(bytes, macs);
    }

    @TearDown(Level.Trial)
    public void close() {
        pool.close();
        arena.close();
    }
}
