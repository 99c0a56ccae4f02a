package io.yuebing.engine;

import io.yuebing.api.SampledToken;
import io.yuebing.api.SamplingParams;
import io.yuebing.kernels.KernelSet;
import java.util.List;
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

/** Choosing one token from the 151,936 logits of Qwen2.5, on one thread; microseconds for each. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class SamplerBenchmark {
    private static final int VOCABULARY = 151_936;
    private static final int SEED = 1;

    @Param({"greedy", "temperature", "top_p", "top_k", "min_p", "logprobs", "penalties"})
    String kind;

    /** Standard deviation of the logits: 1 is nearly flat, 3 like a trained model. */
    @Param({"1", "3"})
    float spread;

    private final Sampler sampler = new Sampler(VOCABULARY);
    private final float[] logits = new float[VOCABULARY];
    private SamplingParams params = SamplingParams.greedy(1);
    private LogitAdjustments adjustments = new LogitAdjustments(params, List.of(), new int[0], new int[0]);
    private int position;

    @Setup(Level.Trial)
    public void fill(KernelSet kernels) {
        Random random = new Random(SEED);
        for (int i = 0; i < VOCABULARY; i++) {
            logits[i] = (float) random.nextGaussian() * spread;
        }
        SamplingParams.Builder builder = SamplingParams.builder().seed(SEED);
        params = switch (kind) {
            case "temperature" -> builder.temperature(0.8).build();
            case "top_p" -> builder.topP(0.95).build();
            case "top_k" -> builder.topK(50).topP(0.95).build();
            case "min_p" -> builder.minP(0.05).build();
            case "logprobs" -> builder.temperature(0).logprobs(20).build();
            // With these values logits stay as they are however often they are adjusted.
            case "penalties" ->
                builder.topP(0.95).presencePenalty(Double.MIN_VALUE).build();
            default -> builder.temperature(0).build();
        };
        int[] prompt = random.ints(2000, 0, VOCABULARY).toArray();
        adjustments = new LogitAdjustments(params, List.of(), prompt, prompt);
    }

    @Benchmark
    public SampledToken sample() {
        return sampler.sample(logits, 0, params, adjustments, position++);
    }
}
