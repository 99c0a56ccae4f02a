package io.yuebing.engine;

import io.yuebing.api.SampledToken;
import io.yuebing.api.TokenLogprob;
import io.yuebing.kernels.Selection;
import java.util.ArrayList;
import java.util.List;

/** Log-probabilities, ranks, most likely alternatives: what a client may ask of the model's raw logits. */
final class Logprobs {
    /** Exponentials are added up as floats within a chunk, chunks as doubles. */
    private static final int CHUNK = 1024;

    private final int vocabSize;
    private final float[] exponentials = new float[CHUNK];
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
        return described(logits, offset, id, norm, top);
    }

    /** Describes one id, and beside it certain others whether they are likely or not. */
    SampledToken describe(float[] logits, int offset, int id, List<Integer> others) {
        double norm = logSumExp(logits, offset);
        List<TokenLogprob> reported = new ArrayList<>(others.size());
        for (int other : others) {
            float logprob = (float) (logits[offset + other] - norm);
            reported.add(new TokenLogprob(other, logprob, rank(logits, offset, other)));
        }
        return described(logits, offset, id, norm, reported);
    }

    private SampledToken described(float[] logits, int offset, int id, double norm, List<TokenLogprob> others) {
        float logprob = (float) (logits[offset + id] - norm);
        return new SampledToken(id, logprob, rank(logits, offset, id), List.copyOf(others));
    }

    private double logSumExp(float[] logits, int offset) {
        float max = Selection.largest(logits, offset, vocabSize);
        double sum = 0;
        for (int id = 0; id < vocabSize; id += CHUNK) {
            int n = Math.min(CHUNK, vocabSize - id);
            sum += Selection.exponentials(logits, offset + id, n, max, 1, 0, exponentials, 0);
        }
        return max + StrictMath.log(sum);
    }

    private int rank(float[] logits, int offset, int id) {
        float own = logits[offset + id];
        int equalBefore = Selection.countAtLeast(logits, offset, id, own);
        return 1 + equalBefore + Selection.countAtLeast(logits, offset + id, vocabSize - id, Math.nextUp(own));
    }
}
