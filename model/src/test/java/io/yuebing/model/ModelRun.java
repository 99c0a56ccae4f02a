package io.yuebing.model;

import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvCache;
import io.yuebing.kv.KvLayout;
import io.yuebing.model.CausalLm.LayerListener;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** A model with a cache for tests: runs sequences through it and keeps their logits. */
final class ModelRun implements AutoCloseable {
    static final int BLOCK_SIZE = 16;
    static final int BLOCKS = 64;

    /** All fixture models are here; see the README of the fixtures for how they were made. */
    static final Path MODELS = Path.of("src", "test", "resources", "models");

    static final Path DEMO = Path.of("..", "models", "demo");

    final CausalLm model;
    final KvCache cache;
    private final Arena arena = Arena.ofShared();

    @SuppressWarnings("MustBeClosed") // closed with the run
    ModelRun(CausalLm model, ElementType kvType) {
        this.model = model;
        KvLayout layout = model.kvLayout(BLOCKS, BLOCK_SIZE, kvType);
        this.cache = new KvCache(layout, arena.allocate(layout.byteSize(), 64));
    }

    static ModelRun open(Path dir, ComputeMode compute, int threads, ElementType kvType) {
        return new ModelRun(load(dir, compute, threads), kvType);
    }

    static CausalLm load(Path dir, ComputeMode compute, int threads) {
        return Models.load(dir, new Models.LoadOptions(compute, threads, Models.ProgressListener.NONE));
    }

    /** Logits of all positions of one sequence, computed in chunks of at most {@code chunk} tokens. */
    float[][] logits(int[] ids, int chunk) {
        float[][] logits = new float[ids.length][];
        int[][] tables = tables(ids.length);
        for (int first = 0; first < ids.length; first += chunk) {
            int rows = Math.min(chunk, ids.length - first);
            int start = first;
            ForwardBatch batch = new ForwardBatch(
                    Arrays.copyOfRange(ids, first, first + rows),
                    List.of(new ForwardBatch.Span(0, rows, first, tables)),
                    IntStream.range(0, rows).toArray());
            model.forward(
                    batch,
                    cache,
                    LayerListener.NONE,
                    (index, buffer, offset) -> logits[start + index] = row(buffer, offset));
        }
        return logits;
    }

    /** The most likely continuation, one token at a time. */
    int[] greedy(int[] prompt, int tokens) {
        int[] ids = Arrays.copyOf(prompt, prompt.length + tokens);
        int[][] tables = tables(ids.length);
        int known = 0;
        for (int length = prompt.length; length < ids.length; length++) {
            int rows = length - known;
            int last = length;
            ForwardBatch batch = new ForwardBatch(
                    Arrays.copyOfRange(ids, known, length),
                    List.of(new ForwardBatch.Span(0, rows, known, tables)),
                    new int[] {rows - 1});
            model.forward(
                    batch,
                    cache,
                    LayerListener.NONE,
                    (index, buffer, offset) -> ids[last] = argmax(row(buffer, offset)));
            known = length;
        }
        return Arrays.copyOfRange(ids, prompt.length, ids.length);
    }

    /** A table for each group of layers. */
    int[][] tables(int tokens) {
        int blocks = Math.ceilDiv(tokens, BLOCK_SIZE);
        return IntStream.range(0, model.layerGroups().size())
                .mapToObj(group -> blocksFor(tokens, group * blocks))
                .toArray(int[][]::new);
    }

    /** Blocks in falling order, so that nothing works by accident of neighbourhood. */
    static int[] blocksFor(int tokens, int skip) {
        return IntStream.range(0, Math.ceilDiv(tokens, BLOCK_SIZE))
                .map(i -> BLOCKS - 1 - skip - i)
                .toArray();
    }

    float[] row(float[] buffer, int offset) {
        return Arrays.copyOfRange(buffer, offset, offset + model.config().vocabSize());
    }

    static int argmax(float[] logits) {
        return IntStream.range(0, logits.length).reduce(0, (best, i) -> logits[i] > logits[best] ? i : best);
    }

    @Override
    public void close() {
        model.close();
        arena.close();
    }
}
