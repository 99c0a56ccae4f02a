package io.yuebing.engine;

import io.yuebing.api.GenerationDefaults;
import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvAxis;
import io.yuebing.kv.KvCache;
import io.yuebing.kv.KvLayout;
import io.yuebing.kv.LayerGroup;
import io.yuebing.model.CausalLm;
import io.yuebing.model.ForwardBatch;
import io.yuebing.model.ModelConfig;
import io.yuebing.model.StepCost;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;

/**
 * A model without arithmetic: each layer stores every token in the cache, and the logits of a row are a hash over all
 * tokens read back from all layers. A wrong block, a stale one or a missing one changes every following token.
 */
final class HashingModel implements CausalLm {
    static final int VOCAB = 101;
    static final int EOS = 0;
    /** A step that computes this token throws. */
    static final int POISON = 99;
    /** Logits after this token are NaN. */
    static final int NAN = 98;

    /** Layers of the model whose layers are all alike. */
    private static final int LAYERS = 3;

    private static final int HEADS = 2;
    private static final int HEAD_SIZE = 2;

    private final List<Integer> windows;
    private final List<LayerGroup> groups;

    private volatile Consumer<ForwardBatch> beforeStep = batch -> {};

    HashingModel() {
        this(Collections.nCopies(LAYERS, 0));
    }

    /** @param windows for each layer how many tokens before a row, and itself, are hashed; 0 = all */
    HashingModel(List<Integer> windows) {
        this.windows = windows;
        groups = LayerGroup.of(windows);
    }

    /** Called by the engine's thread before each step. */
    HashingModel beforeStep(Consumer<ForwardBatch> action) {
        beforeStep = action;
        return this;
    }

    @Override
    public ModelConfig config() {
        return new ModelConfig(
                "Hashing",
                windows.size(),
                4,
                HEADS,
                HEADS,
                HEAD_SIZE,
                VOCAB,
                4096,
                List.of(EOS),
                GenerationDefaults.NONE);
    }

    @Override
    public String fingerprint() {
        return "hashing";
    }

    @Override
    public StepCost cost() {
        return new StepCost(0, 0, 0, 0);
    }

    @Override
    public List<LayerGroup> layerGroups() {
        return groups;
    }

    @Override
    public KvLayout kvLayout(int blocks, int blockSize, ElementType elementType) {
        return KvLayout.nativeLayout(
                groups.getFirst().layers().size(), blocks, HEADS, blockSize, HEAD_SIZE, elementType, fingerprint());
    }

    @Override
    public void forward(ForwardBatch batch, KvCache cache, LayerListener layerListener, LogitsSink logits) {
        beforeStep.accept(batch);
        for (int token : batch.tokens()) {
            if (token == POISON) {
                throw new IllegalStateException("poisoned");
            }
        }
        for (int layer = 0; layer < windows.size(); layer++) {
            for (ForwardBatch.Span span : batch.spans()) {
                for (int i = 0; i < span.rows(); i++) {
                    write(cache, layer, span, span.firstPosition() + i, batch.tokens()[span.firstRow() + i]);
                }
            }
            layerListener.layerWritten(layer);
        }
        float[] buffer = new float[VOCAB + 1];
        for (int index = 0; index < batch.logitRows().length; index++) {
            int row = batch.logitRows()[index];
            ForwardBatch.Span span = batch.spans().stream()
                    .filter(s -> row >= s.firstRow() && row < s.firstRow() + s.rows())
                    .findFirst()
                    .orElseThrow();
            logits(cache, span, span.firstPosition() + row - span.firstRow(), buffer);
            logits.accept(index, buffer, 1);
        }
    }

    private void write(KvCache cache, int layer, ForwardBatch.Span span, int position, int token) {
        for (int kv = 0; kv < 2; kv++) {
            for (int head = 0; head < HEADS; head++) {
                for (int channel = 0; channel < HEAD_SIZE; channel++) {
                    float value = token * 16 + layer * 4 + kv * 2 + channel + position * 4096;
                    long offset = offset(cache, layer, span, position, kv, head, channel);
                    cache.memory().set(ValueLayout.JAVA_FLOAT, offset, value);
                }
            }
        }
    }

    private void logits(KvCache cache, ForwardBatch.Span span, int position, float[] buffer) {
        long hash = 1;
        for (int p = 0; p <= position; p++) {
            for (int layer = 0; layer < windows.size(); layer++) {
                if (windows.get(layer) != 0 && p <= position - windows.get(layer)) {
                    continue;
                }
                for (int kv = 0; kv < 2; kv++) {
                    for (int head = 0; head < HEADS; head++) {
                        MemorySegment memory = cache.memory();
                        long offset = offset(cache, layer, span, p, kv, head, head);
                        hash = hash * 31 + (long) memory.get(ValueLayout.JAVA_FLOAT, offset);
                    }
                }
            }
        }
        long offset = offset(cache, 0, span, position, 0, 0, 0);
        int last = ((int) cache.memory().get(ValueLayout.JAVA_FLOAT, offset) % 4096) / 16;
        for (int id = 0; id < VOCAB; id++) {
            long bits = (hash + id) * 0x9e3779b97f4a7c15L;
            bits = (bits ^ (bits >>> 29)) * 0xbf58476d1ce4e5b9L;
            buffer[1 + id] = last == NAN ? Float.NaN : ((bits >>> 40) - (1 << 23)) / (float) (1 << 21);
        }
        // Never by chance: tests ask for them by putting them into a prompt.
        buffer[1 + NAN] = -20;
        buffer[1 + POISON] = -20;
    }

    private long offset(KvCache cache, int layer, ForwardBatch.Span span, int position, int kv, int head, int channel) {
        KvLayout layout = cache.layout();
        int blockSize = layout.blockSize();
        int group = 0;
        while (!groups.get(group).layers().contains(layer)) {
            group++;
        }
        int place = groups.get(group).layers().indexOf(layer);
        return layout.blockOffset(place, span.blockTable(group)[position / blockSize])
                + kv * layout.stride(KvAxis.KV)
                + head * layout.stride(KvAxis.HEAD)
                + position % blockSize * layout.stride(KvAxis.TOKEN)
                + channel * layout.stride(KvAxis.CHANNEL);
    }

    @Override
    public void close() {}
}
