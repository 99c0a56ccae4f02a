package io.yuebing.kernels;

import io.yuebing.bench.jmh.CopyLimit;
import io.yuebing.bench.jmh.Moved;
import java.lang.foreign.MemorySegment;
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
import org.openjdk.jmh.annotations.Warmup;

/**
 * Passes over rows that lie in a core's cache, on one thread: activations of Qwen2.5-7B's MLP, and the logits that a token
 * is chosen from. Gigabytes read and written; the ceiling is a plain copy of a row of this length.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class RowBenchmark {
    private static final int ACTIVATIONS = 18_944;
    private static final int LOGITS = 151_936;
    private static final int SEED = 1;

    /** More than any value here. */
    private static final float BEYOND = 1e9f;

    /** Values of a row that are read, and that are written. */
    private static final int COPIED = 2;

    @Param
    Pass pass;

    private RowKernel rows;
    private SelectionKernel selection;
    private float[] x = {};
    private float[] up = {};
    private float[] out = {};
    private MemorySegment halves = MemorySegment.NULL;

    /** What is computed of a row. */
    public enum Pass {
        SUM_OF_SQUARES(ACTIVATIONS, Float.BYTES) {
            @Override
            float run(RowBenchmark b) {
                return b.rows.sumOfSquares(b.x, 0, ACTIVATIONS);
            }
        },
        SILU_MUL(ACTIVATIONS, 3 * Float.BYTES) {
            @Override
            float run(RowBenchmark b) {
                b.rows.siluMul(b.x, 0, b.up, 0, b.out, 0, ACTIVATIONS);
                return b.out[0];
            }
        },
        GELU_MUL(ACTIVATIONS, 3 * Float.BYTES) {
            @Override
            float run(RowBenchmark b) {
                b.rows.geluMul(b.x, 0, b.up, 0, b.out, 0, ACTIVATIONS);
                return b.out[0];
            }
        },
        /** In its place: after the first call the row holds integers, which take as long. */
        QUANTIZE(ACTIVATIONS, 2 * Float.BYTES) {
            @Override
            float run(RowBenchmark b) {
                return b.rows.quantize(b.x, 0, ACTIVATIONS);
            }
        },
        WIDEN_BF16(ACTIVATIONS, Short.BYTES + Float.BYTES) {
            @Override
            float run(RowBenchmark b) {
                b.rows.bf16ToFloat(b.halves, 0, b.out, 0, ACTIVATIONS);
                return b.out[0];
            }
        },
        LARGEST(LOGITS, Float.BYTES) {
            @Override
            float run(RowBenchmark b) {
                return b.selection.largest(b.x, 0, LOGITS);
            }
        },
        FIRST_AT_LEAST(LOGITS, Float.BYTES) {
            @Override
            float run(RowBenchmark b) {
                return b.selection.firstAtLeast(b.x, 0, LOGITS, BEYOND);
            }
        },
        EXPONENTIALS(LOGITS, 2 * Float.BYTES) {
            @Override
            float run(RowBenchmark b) {
                return b.selection.exponentials(b.x, 0, LOGITS, 4, 1, 0, b.out, 0);
            }
        },
        SUM_AT_LEAST(LOGITS, Float.BYTES) {
            @Override
            float run(RowBenchmark b) {
                return b.selection.sumAtLeast(b.x, 0, LOGITS, 1);
            }
        },
        COUNT_AT_LEAST(LOGITS, Float.BYTES) {
            @Override
            float run(RowBenchmark b) {
                return b.selection.countAtLeast(b.x, 0, LOGITS, 1);
            }
        };

        private final int values;
        private final long bytes;

        Pass(int values, int bytesPerValue) {
            this.values = values;
            this.bytes = (long) values * bytesPerValue;
        }

        /** Returns a part of the result, so that none of it can be left out. */
        abstract float run(RowBenchmark b);
    }

    @Setup(Level.Trial)
    public void fill(KernelSet kernels, CopyLimit copy) {
        rows = Kernels.active().rows();
        selection = Kernels.active().selection();
        x = new float[pass.values];
        up = new float[pass.values];
        out = new float[pass.values];
        Random random = new Random(SEED);
        for (int i = 0; i < pass.values; i++) {
            x[i] = (float) random.nextGaussian();
            up[i] = (float) random.nextGaussian();
        }
        short[] bits = new short[pass.values];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Rows.floatToBf16(x[i]);
        }
        halves = MemorySegment.ofArray(bits);
        copy.measure((long) COPIED * pass.values * Float.BYTES, () -> System.arraycopy(x, 0, out, 0, pass.values));
    }

    @Benchmark
    public float row(Moved moved) {
        float result = pass.run(this);
        moved.done(pass.bytes);
        return result;
    }
}
