package io.yuebing.bench.engine;

import io.yuebing.api.OutputConstraint;
import io.yuebing.api.UserError;
import io.yuebing.bench.MachineLimits;
import io.yuebing.bench.PeakMemory;
import io.yuebing.bench.Progress;
import io.yuebing.engine.CrashDumps;
import io.yuebing.engine.Engine;
import io.yuebing.engine.EngineConfig;
import io.yuebing.grammar.ConstraintCompiler;
import io.yuebing.grammar.Vocabulary;
import io.yuebing.model.CausalLm;
import io.yuebing.model.Models;
import io.yuebing.text.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;

/**
 * Measures the speed of the engine on a model: prefill and decode for each batch, beside the limits of the machine.
 *
 * <p>It is the engine that serves, with its scheduler, its chunks and its sampler; only the prefix cache is off. Rounds
 * take the batches in turn, and measurements without and with a schema, so that a disturbance does not hit one of them alone.
 */
public final class EngineBench {
    private static final long WARM_UP_NANOS = 3_000_000_000L;
    private static final int WARM_UP_BATCH = 4;
    private static final int WARM_UP_PROMPT = 32;
    private static final int WARM_UP_GENERATE = 8;
    private static final int WARM_UP_LONGEST = 512;

    /** Share of the bar that loading and warming up get. */
    private static final double PREPARATION = 0.1;

    private final EngineBenchOptions options;
    private final Progress progress;
    private final Random random;
    private final List<List<BatchRun>> runs = new ArrayList<>();
    /** Those with answers held to a schema; empty where that is not measured. */
    private final List<List<BatchRun>> structuredRuns = new ArrayList<>();

    private EngineBench(EngineBenchOptions options, Progress progress) {
        this.options = options;
        this.progress = progress;
        random = new Random(options.seed());
        options.batches().forEach(batch -> {
            runs.add(new ArrayList<>());
            structuredRuns.add(new ArrayList<>());
        });
    }

    /**
     * Loads the model and measures.
     *
     * @param name of the model, for the report
     * @param model its place
     * @param cache where repacked weights are kept; empty = nowhere
     * @throws UserError if it cannot be loaded or its sequences cannot be as long as asked for
     */
    public static EngineReport run(
            String name, Path model, EngineBenchOptions options, Optional<Models.CacheOptions> cache, Progress progress)
            throws InterruptedException {
        long begin = System.nanoTime();
        Models.ProgressListener loading = (bytes, total) ->
                progress.at("loading", total == 0 ? 0 : PREPARATION / 2 * bytes / Math.max(total, bytes));
        try (CausalLm loaded = Models.load(
                model,
                new Models.LoadOptions(options.compute(), options.threads(), loading, cache, Optional.empty()))) {
            double loadSeconds = (System.nanoTime() - begin) / 1e9;
            EngineBench bench = new EngineBench(options, progress);
            Tokenizer tokenizer = options.structured() ? Tokenizer.load(model) : null;
            try (tokenizer;
                    Engine engine = Engine.start(
                            loaded,
                            bench.config(loaded),
                            CrashDumps.NONE,
                            Optional.ofNullable(tokenizer).map(it -> compiler(it, loaded)))) {
                bench.warmUp(engine);
                bench.measure(engine);
            }
            OptionalLong peak = PeakMemory.bytes(); // before the limits, which take memory of their own
            progress.at("the machine's limits", 1);
            MachineLimits limits = MachineLimits.measure(options.threads());
            return bench.report(name, loaded, loadSeconds, peak, limits);
        }
    }

    private static ConstraintCompiler compiler(Tokenizer tokenizer, CausalLm model) {
        int size = Math.min(tokenizer.size(), model.config().vocabSize());
        return new ConstraintCompiler(shown -> new Vocabulary(size, id -> tokenizer.answerBytes(id, shown)));
    }

    private EngineConfig config(CausalLm model) {
        checkLength(options.prompt(), model);
        int longest = 0;
        int blocks = 0;
        for (int batch : options.batches()) {
            int length = Math.addExact(options.prompt(), options.maxTokens(batch));
            longest = Math.max(longest, length);
            blocks = Math.max(blocks, Math.multiplyExact(batch, Math.ceilDiv(length, options.blockSize())));
        }
        checkLength(longest, model);
        int warmUpBlocks = WARM_UP_BATCH * Math.ceilDiv(warmUpLength(), options.blockSize());
        int sequences = Math.max(options.largestBatch(), WARM_UP_BATCH);
        return new EngineConfig(
                options.blockSize(),
                Math.multiplyExact(
                        Math.max(blocks, warmUpBlocks), model.layerGroups().size()),
                options.maxBatchedTokens(),
                sequences,
                sequences, // those of the run before may still be on their way out
                Math.max(longest, warmUpLength()),
                options.kvType(),
                false,
                "bench");
    }

    private void checkLength(int longest, CausalLm model) {
        int most = model.config().maxPositions();
        if (longest > most) {
            throw new UserError("--prompt " + options.prompt() + " with --generate " + options.generate()
                    + " makes sequences of " + longest + " tokens or more, but the model has " + most
                    + " positions; choose shorter ones");
        }
    }

    private static int warmUpLength() {
        return WARM_UP_PROMPT + warmUpTokens();
    }

    private static int warmUpTokens() {
        return 1 + WARM_UP_GENERATE + WARM_UP_BATCH * WARM_UP_PROMPT;
    }

    /** Until the compiler has seen enough of every loop. */
    private void warmUp(Engine engine) throws InterruptedException {
        long begin = System.nanoTime();
        Optional<OutputConstraint> none = Optional.empty();
        do {
            progress.at("warming up", PREPARATION / 2);
            BatchRun.of(engine, 1, WARM_UP_PROMPT, WARM_UP_GENERATE, warmUpTokens(), none, random);
            BatchRun.of(engine, WARM_UP_BATCH, WARM_UP_PROMPT, WARM_UP_GENERATE, warmUpTokens(), none, random);
        } while (System.nanoTime() - begin < WARM_UP_NANOS);
        BatchRun.of(
                engine, 1, Math.min(options.prompt(), WARM_UP_LONGEST), 1, 2, none, random); // memory of long prompts
    }

    private void measure(Engine engine) throws InterruptedException {
        long work = options.rounds()
                * options.batches().stream().mapToLong(Integer::longValue).sum();
        long done = 0;
        for (int round = 0; round < options.rounds(); round++) {
            for (int i = 0; i < options.batches().size(); i++) {
                int batch = options.batches().get(i);
                progress.at(
                        String.format(Locale.ROOT, "round %d of %d, batch %d", round + 1, options.rounds(), batch),
                        PREPARATION + (1 - PREPARATION) * done / work);
                runs.get(i).add(run(engine, batch, Optional.empty()));
                if (options.structured()) {
                    structuredRuns.get(i).add(run(engine, batch, Optional.of(BenchSchema.PEOPLE)));
                }
                done += batch;
            }
        }
    }

    private BatchRun run(Engine engine, int batch, Optional<OutputConstraint> constraint) throws InterruptedException {
        return BatchRun.of(
                engine, batch, options.prompt(), options.generate(), options.maxTokens(batch), constraint, random);
    }

    private EngineReport report(
            String name, CausalLm model, double loadSeconds, OptionalLong peak, MachineLimits limits) {
        StepLimits ideal = StepLimits.of(model, options.kvType(), limits);
        List<BatchResult> results = new ArrayList<>();
        for (int i = 0; i < runs.size(); i++) {
            results.add(BatchResult.of(
                    options.batches().get(i),
                    options.prompt(),
                    options.generate(),
                    runs.get(i),
                    structuredRuns.get(i),
                    ideal));
        }
        return new EngineReport(name, options, loadSeconds, peak, limits, results);
    }
}
