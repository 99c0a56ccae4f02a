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
    private static final int HEAD_SIZE =
            8; // with fewer channels codes with their scales would be no smaller than halves
    private static final int VOCAB = 97;
    /** Of the numbers in the cache: all are whole, and one of each head is this one, so no type that they travel in rounds them. */
    private static final int LARGEST = 127;

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
        MemorySegment block = block(cache, layer, span, position);
        for (int part = 0; part < 2 * HEADS * HEAD_SIZE; part++) {
            int value =
                    part % HEAD_SIZE == 0 ? LARGEST : mix(((token * 31 + layer) * 31 + position) * 31 + part) & LARGEST;
            long element = element(cache, position, part);
            switch (cache.layout().elementType()) {
                case F32 -> block.set(ValueLayout.JAVA_FLOAT, element * Float.BYTES, value);
                case F16 -> block.set(ValueLayout.JAVA_SHORT, element * Short.BYTES, Float.floatToFloat16(value));
                case BF16 ->
                    block.set(ValueLayout.JAVA_SHORT, element * Short.BYTES, (short)
                            (Float.floatToRawIntBits(value) >>> Short.SIZE));
                default ->
                    throw new IllegalStateException(
                            "no cache of " + cache.layout().elementType());
            }
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
                    hash = hash * 31 + (int) number(cache, block, element(cache, position, part));
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

    private static float number(KvCache cache, MemorySegment block, long element) {
        return switch (cache.layout().elementType()) {
            case F32 -> block.get(ValueLayout.JAVA_FLOAT, element * Float.BYTES);
            case F16 -> Float.float16ToFloat(block.get(ValueLayout.JAVA_SHORT, element * Short.BYTES));
            case BF16 -> Float.intBitsToFloat(block.get(ValueLayout.JAVA_SHORT, element * Short.BYTES) << Short.SIZE);
            default ->
                throw new IllegalStateException("no cache of " + cache.layout().elementType());
        };
    }

    /** {@code part} counts keys or values, heads and channels of one token. */
    private static long element(KvCache cache, int position, int part) {
        int blockSize = cache.layout().blockSize();
        int row = (part / HEAD_SIZE) * blockSize + position % blockSize;
        return (long) row * HEAD_SIZE + part % HEAD_SIZE;
    }

    private static int mix(int value) {
        int mixed = (value ^ value >>> 16) * 0x85ebca6b;
        mixed = (mixed ^ mixed >>> 13) * 0xc2b2ae35;
        return mixed ^ mixed >>> 16;
    }

    @Override
    public void close() {}
}
