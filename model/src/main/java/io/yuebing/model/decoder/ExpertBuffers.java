package io.yuebing.model.decoder;

import java.util.Arrays;

/** Which rows of a step use which experts, with the memory for their values. */
final class ExpertBuffers {
    /** Weights of all experts for each row, {@code [rows][experts]}; 0 = not used. */
    float[] weights = {};
    /** Numbers of each row's experts, ascending, {@code [rows][chosen]}. */
    int[] chosen = {};
    /** Rows that use an expert, ascending, all experts' one after the other. */
    int[] rows = {};

    /** Inputs of the rows that use one expert, {@code [rows][hidden]}. */
    float[] in = {};
    /** Sum of the weighted outputs, {@code [rows][hidden]}. */
    float[] sum = {};

    /** Expert {@code e} is used by {@code rows[starts[e]]} to {@code rows[starts[e + 1] - 1]}. */
    private int[] starts = {};

    private final int experts;
    private final int perRow;
    private final int hiddenSize;

    /**
     * For layers with experts.
     *
     * @param experts largest number of experts of a layer
     * @param perRow largest number of experts that a row uses in a layer
     */
    ExpertBuffers(int experts, int perRow, int hiddenSize) {
        this.experts = experts;
        this.perRow = perRow;
        this.hiddenSize = hiddenSize;
    }

    static ExpertBuffers of(DecoderSpec spec) {
        int experts = 0;
        int perRow = 0;
        for (LayerSpec layer : spec.layers()) {
            if (layer.feedForward() instanceof FeedForwardSpec.Experts some) {
                experts = Math.max(experts, some.experts());
                perRow = Math.max(perRow, some.routing().chosen());
            }
        }
        return new ExpertBuffers(experts, perRow, experts == 0 ? 0 : spec.hiddenSize());
    }

    void reserve(int rowCount) {
        weights = StepBuffers.matrix(rowCount, experts);
        chosen = new int[Math.multiplyExact(rowCount, perRow)];
        rows = new int[chosen.length];
        in = StepBuffers.matrix(rowCount, hiddenSize);
        sum = StepBuffers.matrix(rowCount, hiddenSize);
        starts = new int[experts + 1];
    }

    /** Sorts the rows by their experts. */
    void groupByExpert(int rowCount, int usedPerRow) {
        int uses = rowCount * usedPerRow;
        Arrays.fill(starts, 0);
        for (int i = 0; i < uses; i++) {
            starts[chosen[i] + 1]++;
        }
        for (int expert = 0; expert < experts; expert++) {
            starts[expert + 1] += starts[expert];
        }
        int[] next = Arrays.copyOf(starts, experts);
        for (int i = 0; i < uses; i++) {
            rows[next[chosen[i]]++] = i / usedPerRow;
        }
    }

    int rowsOf(int expert) {
        return starts[expert + 1] - starts[expert];
    }

    int firstOf(int expert) {
        return starts[expert];
    }
}
