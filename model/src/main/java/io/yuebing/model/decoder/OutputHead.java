package io.yuebing.model.decoder;

import io.yuebing.kernels.Linear;
import io.yuebing.kernels.Norms;
import io.yuebing.kernels.WorkerPool;
import io.yuebing.model.CausalLm.LogitsSink;
import io.yuebing.model.weights.WeightLoader;
import java.util.function.Supplier;

/** Turns rows of the residual stream into logits, a few rows at a time: a vocabulary's logits are large. */
final class OutputHead {
    private static final int TILE = 16;

    private final int hiddenSize;
    private final int vocabSize;
    private final float normEps;
    private final float[] norm;
    private final Linear head;
    private final float[] normed;
    private float[] logits = {};

    private OutputHead(DecoderSpec spec, float[] norm, Linear head) {
        this.hiddenSize = spec.dimensions().hiddenSize();
        this.vocabSize = spec.dimensions().vocabSize();
        this.normEps = spec.normEps();
        this.norm = norm;
        this.head = head;
        this.normed = new float[TILE * hiddenSize];
    }

    static Supplier<OutputHead> ask(WeightLoader weights, DecoderSpec spec) {
        int vocab = spec.dimensions().vocabSize();
        int hidden = spec.dimensions().hiddenSize();
        float[] norm = weights.vector(spec.names().finalNorm(), hidden);
        Supplier<Linear> head = spec.tiedEmbeddings()
                ? weights.tied(spec.names().embedding(), vocab, hidden)
                : weights.linear(spec.names().head(), vocab, hidden, false);
        return () -> new OutputHead(spec, norm, head.get());
    }

    Linear matrix() {
        return head;
    }

    /** Delivers the logits of {@code rows}, in that order. */
    void deliver(StepBuffers step, int[] rows, WorkerPool pool, LogitsSink sink) {
        for (int first = 0; first < rows.length; first += TILE) {
            int start = first;
            int count = Math.min(TILE, rows.length - start);
            if (logits.length < count * vocabSize) {
                logits = new float[count * vocabSize];
            }
            pool.run(count, i -> {
                int from = rows[start + i] * hiddenSize;
                Norms.rms(step.hidden, from, hiddenSize, norm, normEps, normed, i * hiddenSize);
            });
            head.apply(normed, count, logits, pool);
            for (int i = 0; i < count; i++) {
                sink.accept(start + i, logits, i * vocabSize);
            }
        }
    }
}
