package io.yuebing.model.decoder;

import io.yuebing.kernels.Activations;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.WorkerPool;
import io.yuebing.model.CausalLm.LogitsSink;
import io.yuebing.model.weights.WeightLoader;
import java.util.function.Supplier;

/** Turns rows of the residual stream into logits, a few rows at a time: a vocabulary's logits are large. */
final class OutputHead {
    private static final int TILE = 16;

    private final int hiddenSize;
    private final int vocabSize;
    private final float cap;
    private final RmsNorm norm;
    private final Linear head;
    private final float[] normed;
    private float[] logits = {};

    private OutputHead(DecoderSpec spec, RmsNorm norm, Linear head) {
        this.hiddenSize = spec.hiddenSize();
        this.vocabSize = spec.vocabSize();
        this.cap = spec.logitCap();
        this.norm = norm;
        this.head = head;
        this.normed = new float[TILE * hiddenSize];
    }

    static Supplier<OutputHead> ask(WeightLoader weights, DecoderSpec spec) {
        TensorNames names = spec.names();
        int vocab = spec.vocabSize();
        int hidden = spec.hiddenSize();
        RmsNorm norm = RmsNorm.read(weights, spec, names.of(TensorRole.FINAL_NORM), hidden);
        Supplier<Linear> head = spec.tiedEmbeddings()
                ? weights.tied(names.of(TensorRole.EMBEDDING), vocab, hidden)
                : weights.linear(names.of(TensorRole.HEAD), vocab, hidden, false);
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
            pool.run(count, i -> norm.apply(step.hidden, rows[start + i] * hiddenSize, normed, i * hiddenSize));
            head.apply(normed, count, logits, pool);
            for (int i = 0; i < count; i++) {
                if (cap != DecoderSpec.NO_CAP) {
                    Activations.softCap(logits, i * vocabSize, vocabSize, cap);
                }
                sink.accept(start + i, logits, i * vocabSize);
            }
        }
    }
}
