package io.yuebing.model.decoder;

import io.yuebing.kernels.Attention.CacheView;
import io.yuebing.kernels.CacheElement;
import io.yuebing.kernels.WorkerPool;
import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvAxis;
import io.yuebing.kv.KvCache;
import io.yuebing.kv.KvDifference;
import io.yuebing.kv.KvLayout;
import io.yuebing.kv.LayerGroup;
import io.yuebing.model.CausalLm;
import io.yuebing.model.ForwardBatch;
import io.yuebing.model.ModelConfig;
import io.yuebing.model.StepCost;
import io.yuebing.model.weights.Embedding;
import io.yuebing.model.weights.WeightLoader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A decoder-only transformer with pre-norm layers, computed as its {@link DecoderSpec} says.
 *
 * <p>Owns the weights' arena and the worker pool. A step goes through the layers with all rows of the batch together;
 * every value depends on its own row and the cache alone, so the batch's composition leaves no trace in the bits.
 */
public final class Decoder implements CausalLm {
    private final ModelConfig config;
    private final DecoderSpec spec;
    private final List<LayerGroup> groups;
    private final String fingerprint;
    private final Embedding embedding;
    private final List<DecoderLayer> layers;
    private final OutputHead head;
    private final StepBuffers step;
    private final WorkerPool pool;
    private final Arena arena;
    private @Nullable CacheViews views;
    private LayerProbe probe = LayerProbe.NONE;
    /** For each layer what is run after its attention; made once, so that a step allocates nothing. */
    private final List<Runnable> attended;

    private Decoder(
            ModelConfig config,
            DecoderSpec spec,
            String fingerprint,
            Embedding embedding,
            List<DecoderLayer> layers,
            OutputHead head,
            WorkerPool pool,
            Arena arena) {
        this.config = config;
        this.spec = spec;
        this.groups = spec.layerGroups();
        this.fingerprint = fingerprint;
        this.embedding = embedding;
        this.layers = layers;
        this.attended = IntStream.range(0, layers.size())
                .<Runnable>mapToObj(layer -> () -> show(LayerProbe.Part.ATTENTION, layer))
                .toList();
        this.head = head;
        this.step = new StepBuffers(spec);
        this.pool = pool;
        this.arena = arena;
    }

    /**
     * Loads the weights and takes over pool and arena.
     *
     * @throws io.yuebing.api.UserError if the files do not hold the tensors that {@code spec} needs; the caller still
     *     owns pool and arena then
     */
    public static Decoder load(
            ModelConfig config,
            DecoderSpec spec,
            String fingerprint,
            WeightLoader weights,
            WeightLoader.Progress progress,
            WorkerPool pool,
            Arena arena) {
        Embedding embedding =
                weights.embedding(spec.names().of(TensorRole.EMBEDDING), spec.vocabSize(), spec.hiddenSize());
        List<Supplier<DecoderLayer>> layers = new ArrayList<>();
        for (int layer = 0; layer < spec.layers().size(); layer++) {
            layers.add(DecoderLayer.ask(weights, spec, layer));
        }
        Supplier<OutputHead> head = OutputHead.ask(weights, spec);
        weights.load(pool, progress);
        List<DecoderLayer> loaded = layers.stream().map(Supplier::get).toList();
        return new Decoder(config, spec, fingerprint, embedding, loaded, head.get(), pool, arena);
    }

    @Override
    public ModelConfig config() {
        return config;
    }

    @Override
    public String fingerprint() {
        return fingerprint;
    }

    @Override
    public StepCost cost() {
        return StepCost.of(layers.stream().flatMap(DecoderLayer::matrices).toList(), head.matrix());
    }

    @Override
    public List<LayerGroup> layerGroups() {
        return groups;
    }

    @Override
    public KvLayout kvLayout(int blocks, int blockSize, ElementType elementType) {
        return spec.kvLayout(blocks, blockSize, elementType, fingerprint);
    }

    @Override
    public void forward(ForwardBatch batch, KvCache cache, LayerListener layerListener, LogitsSink logits) {
        List<LayerCache> caches = views(cache).layers();
        step.begin(batch);
        try {
            embed(batch.tokens());
            show(LayerProbe.Part.EMBEDDING, 0);
            int group = 0;
            for (int i = 0; i < layers.size(); i++) {
                int layer = i;
                LayerCache own = caches.get(layer);
                if (own.group() != group) {
                    group = own.group();
                    step.useTables(group);
                }
                layers.get(layer)
                        .forward(step, own.view(), pool, () -> layerListener.layerWritten(layer), attended.get(layer));
                show(LayerProbe.Part.FEED_FORWARD, layer);
            }
            head.deliver(step, batch.logitRows(), pool, logits);
        } finally {
            step.end();
        }
    }

    @Override
    public void observe(LayerProbe probe) {
        this.probe = probe;
    }

    private void show(LayerProbe.Part part, int layer) {
        probe.residual(part, layer, step.hidden, step.rows(), spec.hiddenSize());
    }

    private void embed(int[] tokens) {
        pool.run(tokens.length, row -> {
            embed(embedding, spec, tokens[row], step.hidden, row * spec.hiddenSize());
            for (RotaryAngles angles : step.angles) {
                angles.compute(row, step.positions[row]);
            }
        });
    }

    /** Writes a token's row of the residual stream before the first layer. */
    static void embed(Embedding embedding, DecoderSpec spec, int token, float[] hidden, int at) {
        embedding.row(token, hidden, at);
        float scale = spec.embeddingScale();
        for (int i = at; scale != 1 && i < at + spec.hiddenSize(); i++) {
            hidden[i] *= scale;
        }
    }

    private CacheViews views(KvCache cache) {
        CacheViews known = views;
        if (known == null || known.cache() != cache) {
            known = CacheViews.of(cache, this);
            views = known;
        }
        return known;
    }

    /** Where a layer's keys and values are, and whose block tables lead to them. */
    record LayerCache(int group, CacheView view) {}

    /** The layers of the cache used last, so that a step need not slice it again. */
    record CacheViews(KvCache cache, List<LayerCache> layers) {

        static CacheViews of(KvCache cache, Decoder decoder) {
            KvLayout layout = cache.layout();
            KvLayout expected = decoder.kvLayout(layout.size(KvAxis.BLOCK), layout.blockSize(), layout.elementType());
            Optional<String> mismatch = expected.mismatch(layout).map(KvDifference::toString);
            if (mismatch.isPresent()) {
                throw new IllegalArgumentException(
                        "the decoder cannot compute on KV layout '" + layout.name() + "': " + mismatch.get());
            }
            LayerCache[] layers = new LayerCache[decoder.layers.size()];
            for (int group = 0; group < decoder.groups.size(); group++) {
                List<Integer> members = decoder.groups.get(group).layers();
                for (int i = 0; i < members.size(); i++) {
                    layers[members.get(i)] = new LayerCache(group, view(cache, i));
                }
            }
            return new CacheViews(cache, List.of(layers));
        }

        static CacheView view(KvCache cache, int layer) {
            KvLayout layout = cache.layout();
            long bytes = layout.size(KvAxis.BLOCK) * layout.stride(KvAxis.BLOCK);
            MemorySegment memory = cache.memory().asSlice(layout.blockOffset(layer, 0), bytes);
            return new CacheView(
                    memory,
                    element(layout.elementType()),
                    layout.blockSize(),
                    layout.size(KvAxis.CHANNEL),
                    layout.size(KvAxis.HEAD),
                    layout.stride(KvAxis.BLOCK),
                    layout.stride(KvAxis.KV),
                    layout.stride(KvAxis.HEAD),
                    layout.stride(KvAxis.TOKEN));
        }

        private static CacheElement element(ElementType type) {
            return switch (type) {
                case F32 -> CacheElement.F32;
                case F16 -> CacheElement.F16;
                case BF16 -> CacheElement.BF16;
                case INT8 -> CacheElement.INT8;
                case FP8_E4M3, FP8_E5M2 ->
                    throw new IllegalArgumentException("the decoder cannot compute on a KV cache of " + type.wireName()
                            + "; supported: f32, f16, bf16, int8");
            };
        }
    }

    @Override
    public void close() {
        pool.close();
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
