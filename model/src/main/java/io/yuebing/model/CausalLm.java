package io.yuebing.model;

import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvCache;
import io.yuebing.kv.KvLayout;
import io.yuebing.kv.LayerGroup;
import java.util.List;

/**
 * A loaded decoder-only language model.
 *
 * <p>Batch invariance (DESIGN invariant 2): the logits of a row have the same bits whatever other rows are in the batch,
 * however its prompt was chunked, and whoever wrote the KV blocks it reads.
 */
public interface CausalLm extends AutoCloseable {

    ModelConfig config();

    /** Identifies weights and configuration: equal fingerprints make KV caches exchangeable. */
    String fingerprint();

    /** What a step costs at least, to compare measured speeds with. */
    StepCost cost();

    /** The layers that share block tables; one group where all attend to the same positions. */
    default List<LayerGroup> layerGroups() {
        return LayerGroup.all(config().layers());
    }

    /** The layout that {@link #forward} reads and writes; its layers are those of one group. */
    KvLayout kvLayout(int blocks, int blockSize, ElementType elementType);

    /**
     * Computes one step: writes the rows' keys and values to the cache and delivers the logits asked for.
     *
     * <p>Called by one thread at a time.
     *
     * @param batch the rows
     * @param cache written at each row's position, read at all positions up to it
     * @param layerListener told after each layer's keys and values are written, in layer order
     * @param logits told of each row in {@link ForwardBatch#logitRows()}, in that order
     */
    void forward(ForwardBatch batch, KvCache cache, LayerListener layerListener, LogitsSink logits);

    /**
     * Shows the intermediate values of every step from now on to a probe, which slows the steps down; for finding defects.
     * Called by the thread that calls {@link #forward}.
     */
    default void observe(LayerProbe probe) {}

    /** Gives back the weights' memory. */
    @Override
    void close();

    /** Told when a layer's keys and values of all rows of the batch are in the cache. Must return quickly. */
    @FunctionalInterface
    interface LayerListener {
        LayerListener NONE = layer -> {};

        void layerWritten(int layer);
    }

    /** Sees the residual stream while it is computed. */
    @FunctionalInterface
    interface LayerProbe {
        LayerProbe NONE = (part, layer, values, rows, width) -> {};

        /** What has been added to the residual stream last. */
        enum Part {
            EMBEDDING,
            ATTENTION,
            FEED_FORWARD
        }

        /**
         * The residual stream after a part of the model.
         *
         * @param layer the part's layer; 0 for the embedding
         * @param values {@code [rows][width]}, valid only during the call; not to be written to
         */
        void residual(Part part, int layer, float[] values, int rows, int width);
    }

    /** Receives logits. */
    @FunctionalInterface
    interface LogitsSink {
        /**
         * The logits of one row.
         *
         * @param index index into {@link ForwardBatch#logitRows()}
         * @param buffer holds {@code vocabSize} values from {@code offset} on; valid only during the call, may be
         *     written to
         */
        void accept(int index, float[] buffer, int offset);
    }
}
