package io.yuebing.engine;

import io.yuebing.api.SampledToken;
import io.yuebing.api.TokenLogprob;
import java.util.ArrayList;
import java.util.List;

/** Log-probabilities, ranks, most likely alternatives: what a client may ask of the model's raw logits. */
final class Logprobs {
    private final int vocabSize;
    private long[] keys = new long[32];

    Logprobs(int vocabSize) {
        this.vocabSize = vocabSize;
    }

    /**
     * Describes one id.
     *
     * @param logits raw logits from {@code offset} on
     * @param alternatives how many of the most likely ids to report
     */
    SampledToken describe(float[] logits, int offset, int id, int alternatives) {
        double norm = logSumExp(logits, offset);
        int count = Math.min(alternatives, vocabSize);
        if (keys.length < count) {
            keys = new long[count];
        }
        Ranking.top(logits, offset, vocabSize, count, keys);
        List<TokenLogprob> top = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            int other = Ranking.id(keys[i]);
            top.add(new TokenLogprob(other, (float) (logits[offset + other] - norm), i + 1));
        }
        float logprob = (float) (logits[offset + id] - norm);
        return new SampledToken(id, logprob, rank(logits, offset, id), List.copyOf(top));
    }

    private double logSumExp(float[] logits, int offset) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = offset; i < offset + vocabSize; i++) {
            max = Math.max(max, logits[i]);
        }
        double sum = 0;
        for (int i = offset; i < offset + vocabSize; i++) {
            sum += Exponential.exp((double) logits[i] - max);
        }
        return max + StrictMath.log(sum);
    }

    private int rank(float[] logits, int offset, int id) {
        float own = logits[offset + id];
        int before = 0;
        for (int i = 0; i < vocabSize; i++) {
            float other = logits[offset + i];
            before += other > own || (other == own && i < id) ? 1 : 0;
        }
        return before + 1;
    }
}
