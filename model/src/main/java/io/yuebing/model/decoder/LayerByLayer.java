package io.yuebing.model.decoder;

import io.yuebing.kernels.Attention.CacheView;
import io.yuebing.kernels.WorkerPool;
import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvCache;
import io.yuebing.kv.KvLayout;
import io.yuebing.model.ForwardBatch;
import io.yuebing.model.weights.Embedding;
import io.yuebing.model.weights.WeightLoader;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * A decoder of which one layer is in memory at a time: all sequences go through a layer before the next one is loaded.
 *
 * <p>The caller keeps the sequences' residual streams, {@code [tokens][hidden size]} each, and owns worker pool and
 * loaders. Every sequence begins at position 0; keys and values are kept as floats.
 */
public final class LayerByLayer implements AutoCloseable {
    private static final int BLOCK_SIZE = 64;

    private final DecoderSpec spec;
    private final WorkerPool pool;
    private final StepBuffers step;
    private final int blocks;
    private final Arena arena = Arena.ofShared();

    /** One cache for all layers that keep the same of a token. */
    private final Map<KvLayout, CacheView> caches = new HashMap<>();

    /** A layer that is loaded. */
    public static final class Layer {
        private final DecoderLayer weights;
        private final CacheView cache;

        private Layer(DecoderLayer weights, CacheView cache) {
            this.weights = weights;
            this.cache = cache;
        }
    }

    /** @param longest most tokens of a sequence */
    public LayerByLayer(DecoderSpec spec, int longest, WorkerPool pool) {
        this.spec = spec;
        this.pool = pool;
        this.step = new StepBuffers(spec);
        this.blocks = Math.ceilDiv(longest, BLOCK_SIZE);
    }

    /**
     * The matrices of a layer whose weights may be rounded: not those that choose experts, whose errors would not fade but
     * send tokens elsewhere.
     *
     * @param weights asked for the layer's weights, not to be loaded
     */
    public static List<WeightLoader.Asked> matrices(WeightLoader weights, DecoderSpec spec, int layer) {
        int before = weights.asked().size();
        DecoderLayer.ask(weights, spec, layer);
        Set<String> choosing = new HashSet<>();
        for (TensorRole role : List.of(TensorRole.ROUTER, TensorRole.SHARED_EXPERT_GATE)) {
            if (spec.names().has(role)) {
                choosing.add(spec.names().of(role, layer));
            }
        }
        return weights.asked().stream()
                .skip(before)
                .filter(matrix -> !choosing.contains(matrix.name()))
                .toList();
    }

    /** The residual stream of a sequence before the first layer. */
    public float[] embed(WeightLoader weights, int[] tokens) {
        Embedding embedding =
                weights.embedding(spec.names().of(TensorRole.EMBEDDING), spec.vocabSize(), spec.hiddenSize());
        float[] hidden = new float[Math.multiplyExact(tokens.length, spec.hiddenSize())];
        for (int i = 0; i < tokens.length; i++) {
            Decoder.embed(embedding, spec, tokens[i], hidden, i * spec.hiddenSize());
        }
        return hidden;
    }

    /** Loads a layer, which lives as long as the loader's arena. */
    public Layer load(WeightLoader weights, int layer) {
        Supplier<DecoderLayer> asked = DecoderLayer.ask(weights, spec, layer);
        weights.load(pool, (bytes, total) -> {});
        KvLayout layout =
                spec.layers().get(layer).attention().kvLayout(1, blocks, BLOCK_SIZE, ElementType.F32, "one layer");
        return new Layer(asked.get(), caches.computeIfAbsent(layout, this::cache));
    }

    private CacheView cache(KvLayout layout) {
        return Decoder.CacheViews.view(new KvCache(layout, arena.allocate(layout.byteSize(), BLOCK_SIZE)), 0);
    }

    /** Takes a sequence through a layer; {@code hidden} is overwritten. */
    public void forward(Layer layer, float[] hidden) {
        begin(hidden);
        try {
            pool.run(step.rows(), row -> {
                for (RotaryAngles angles : step.angles) {
                    angles.compute(row, step.positions[row]);
                }
            });
            layer.weights.forward(step, layer.cache, pool, () -> {}, () -> {});
            System.arraycopy(step.hidden, 0, hidden, 0, hidden.length);
        } finally {
            step.end();
        }
    }

    /** What turns the residual stream after the last layer into logits. */
    public static final class Head {
        private final OutputHead weights;

        private Head(OutputHead weights) {
            this.weights = weights;
        }
    }

    /** Loads the output head, which lives as long as the loader's arena. */
    public Head loadHead(WeightLoader weights) {
        Supplier<OutputHead> asked = OutputHead.ask(weights, spec);
        weights.load(pool, (bytes, total) -> {});
        return new Head(asked.get());
    }

    /**
     * How badly the model foresees sequences.
     *
     * @param hidden their residual streams after the last layer
     * @return mean of {@code -ln p} over all tokens but the first of each sequence
     */
    public double crossEntropy(Head head, List<int[]> tokens, List<float[]> hidden) {
        double sum = 0;
        long count = 0;
        for (int i = 0; i < tokens.size(); i++) {
            int[] sequence = tokens.get(i);
            double[] losses = new double[sequence.length - 1];
            begin(hidden.get(i));
            head.weights.deliver(
                    step,
                    IntStream.range(0, losses.length).toArray(),
                    pool,
                    (row, logits, at) -> losses[row] = -logProbability(logits, at, sequence[row + 1]));
            step.end();
            sum += IntStream.range(0, losses.length)
                    .mapToDouble(row -> losses[row])
                    .sum();
            count += losses.length;
        }
        return sum / count;
    }

    private double logProbability(float[] logits, int at, int token) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int i = at; i < at + spec.vocabSize(); i++) {
            largest = Math.max(largest, logits[i]);
        }
        double sum = 0;
        for (int i = at; i < at + spec.vocabSize(); i++) {
            sum += Math.exp(logits[i] - largest);
        }
        return logits[at + token] - largest - Math.log(sum);
    }

    private void begin(float[] hidden) {
        int rows = hidden.length / spec.hiddenSize();
        int[] table = IntStream.range(0, blocks).toArray();
        step.begin(new ForwardBatch(new int[rows], List.of(new ForwardBatch.Span(0, rows, 0, table)), new int[0]));
        System.arraycopy(hidden, 0, step.hidden, 0, hidden.length);
    }

    @Override
    public void close() {
        arena.close();
    }
}
