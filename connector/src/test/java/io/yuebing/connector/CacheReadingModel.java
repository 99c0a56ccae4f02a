package io.yuebing.connector;

import io.yuebing.api.GenerationDefaults;
import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvCache;
import io.yuebing.kv.KvLayout;
import io.yuebing.kv.LayerGroup;
import io.yuebing.model.CausalLm;
import io.yuebing.model.ForwardBatch;
import io.yuebing.model.ModelConfig;
import io.yuebing.model.StepCost;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** A model whose next token depends on every byte of the sequence's KV cache, so a byte that goes astray shows. */
final class CacheReadingModel implements CausalLm {
    private static final int HEADS = 2;
    private static final int HEAD_SIZE = 4;
    private static final int VOCAB = 97;

    private final List<Integer> windows;
    private final List<LayerGroup> groups;

    /** @param windows for each layer how many tokens before a row, and itself, are read; 0 = all */
    CacheReadingModel(List<Integer> windows) {
        this.windows = windows;
        groups = LayerGroup.of(windows);
    }

    @Override
    public ModelConfig config() {
        return new ModelConfig(
                "CacheReading",
                windows.size(),
                8,
                HEADS,
                HEADS,
                HEAD_SIZE,
                VOCAB,
                4096,
                List.of(),
                GenerationDefaults.NONE);
    }

    @Override
    public String fingerprint() {
        return "cache-reading";
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
        int layers = groups.getFirst().layers().size();
        return KvLayout.nativeLayout(layers, blocks, HEADS, blockSize, HEAD_SIZE, elementType, fingerprint());
    }

    @Override
    public void forward(ForwardBatch batch, KvCache cache, LayerListener layerListener, LogitsSink logits) {
        for (int layer = 0; layer < windows.size(); layer++) {
            for (ForwardBatch.Span span : batch.spans()) {
                for (int i = 0; i < span.rows(); i++) {
                    write(cache, layer, span, span.firstPosition() + i, batch.tokens()[span.firstRow() + i]);
                }
            }
            layerListener.layerWritten(layer);
        }
        for (int index = 0; index < batch.logitRows().length; index++) {
            int row = batch.logitRows()[index];
            for (ForwardBatch.Span span : batch.spans()) {
                if (row >= span.firstRow() && row < span.firstRow() + span.rows()) {
                    int hash = read(cache, span, span.firstPosition() + row - span.firstRow());
                    float[] values = new float[VOCAB];
                    for (int id = 0; id < VOCAB; id++) {
                        values[id] = (mix(hash ^ id * 0x9e3779b9) & 0xffff) / 4096f;
                    }
                    logits.accept(index, values, 0);
                }
            }
        }
    }

    private void write(KvCache cache, int layer, ForwardBatch.Span span, int position, int token) {
        for (int part = 0; part < 2 * HEADS * HEAD_SIZE; part++) {
            int value = mix(((token * 31 + layer) * 31 + position) * 31 + part) & 0xffff;
            block(cache, layer, span, position)
                    .set(ValueLayout.JAVA_FLOAT, offset(cache, position, part), (float) value);
        }
    }

    private int read(KvCache cache, ForwardBatch.Span span, int lastPosition) {
        int hash = 17;
        for (int position = 0; position <= lastPosition; position++) {
            for (int layer = 0; layer < windows.size(); layer++) {
                int window = windows.get(layer);
                if (window > 0 && position <= lastPosition - window) {
                    continue;
                }
                MemorySegment block = block(cache, layer, span, position);
                for (int part = 0; part < 2 * HEADS * HEAD_SIZE; part++) {
                    hash = hash * 31 + (int) block.get(ValueLayout.JAVA_FLOAT, offset(cache, position, part));
                }
            }
        }
        return mix(hash);
    }

    private MemorySegment block(KvCache cache, int layer, ForwardBatch.Span span, int position) {
        int group = 0;
        while (!groups.get(group).layers().contains(layer)) {
            group++;
        }
        int place = groups.get(group).layers().indexOf(layer);
        return cache.block(
                place, span.blockTable(group)[position / cache.layout().blockSize()]);
    }

    /** {@code part} counts keys or values, heads and channels of one token. */
    private static long offset(KvCache cache, int position, int part) {
        int blockSize = cache.layout().blockSize();
        int row = (part / HEAD_SIZE) * blockSize + position % blockSize;
        return Float.BYTES * ((long) row * HEAD_SIZE + part % HEAD_SIZE);
    }

    private static int mix(int value) {
        int mixed = (value ^ value >>> 16) * 0x85ebca6b;
        mixed = (mixed ^ mixed >>> 13) * 0xc2b2ae35;
        return mixed ^ mixed >>> 16;
    }

    @Override
    public void close() {}
}
