package io.yuebing.engine;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.SampledToken;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.ServiceException;
import java.util.Arrays;

/**
 * Chooses tokens from logits.
 *
 * <p>In this order: log-probabilities are taken from the raw logits; {@link LogitAdjustments}; temperature; min_p; top_k;
 * top_p over what is left; then one id is drawn by inverting the cumulative distribution at the position's random number.
 * Greedy takes the largest logit, the lowest id among equals. Every number is computed in a fixed order with exactly
 * defined operations, so equal logits give equal tokens everywhere.
 *
 * <p>Holds scratch memory; used by one thread.
 */
final class Sampler {
    /** Weights (relative to the most likely id) from which a nucleus is sought, largest first. */
    private static final double[] NUCLEUS_FLOORS = {1e-3, 1e-6, 1e-12, Double.MIN_VALUE};

    private final int vocabSize;
    private final Logprobs logprobs;
    private final float[] raw;
    /** Unnormalised probability by id. */
    private final double[] weights;
    /** Candidates as {@link Ranking} keys. */
    private final long[] keys;

    Sampler(int vocabSize) {
        this.vocabSize = vocabSize;
        logprobs = new Logprobs(vocabSize);
        raw = new float[vocabSize];
        weights = new double[vocabSize];
        keys = new long[vocabSize];
    }

    /**
     * Chooses the token at {@code position} of a sequence.
     *
     * @param logits the model's, from {@code offset} on; changed
     * @throws ServiceException {@link ErrorCode#INTERNAL} if the logits are not numbers
     */
    SampledToken sample(float[] logits, int offset, SamplingParams params, LogitAdjustments adjustments, int position) {
        check(logits, offset, position);
        boolean describe = params.logprobs() >= 0;
        if (describe) {
            System.arraycopy(logits, offset, raw, 0, vocabSize);
        }
        adjustments.apply(logits, offset);
        int best = largest(logits, offset);
        int id = params.isGreedy() ? best : draw(logits, offset, logits[offset + best], params, position);
        return describe ? logprobs.describe(raw, 0, id, params.logprobs()) : SampledToken.bare(id);
    }

    /**
     * Describes the prompt's token at {@code position} by the logits of the position before.
     *
     * @throws ServiceException {@link ErrorCode#INTERNAL} if the logits are not numbers
     */
    SampledToken score(float[] logits, int offset, int id, int alternatives, int position) {
        check(logits, offset, position);
        return logprobs.describe(logits, offset, id, alternatives);
    }

    private void check(float[] logits, int offset, int position) {
        boolean numbers = true;
        for (int i = offset; i < offset + vocabSize; i++) {
            numbers &= logits[i] < Float.POSITIVE_INFINITY; // false for NaN as well
        }
        if (!numbers) {
            throw new ServiceException(
                    ErrorCode.INTERNAL,
                    "The model computed logits that are NaN or infinite for position " + position
                            + "; its weights may be damaged.");
        }
    }

    private int largest(float[] logits, int offset) {
        int best = 0;
        float max = logits[offset];
        for (int id = 1; id < vocabSize; id++) {
            if (logits[offset + id] > max) {
                max = logits[offset + id];
                best = id;
            }
        }
        return best;
    }

    private int draw(float[] logits, int offset, float max, SamplingParams params, int position) {
        double random = PositionRandom.uniform(params.seed(), position);
        if (max == Float.NEGATIVE_INFINITY) {
            return 0; // everything is masked, as for the greedy choice
        }
        int count = params.topK();
        if (count > 0 && count < vocabSize) {
            Ranking.top(logits, offset, vocabSize, count, keys);
            double total = 0;
            for (int i = 0; i < count; i++) {
                int id = Ranking.id(keys[i]);
                weights[id] = weight(logits[offset + id], max, params);
                total += weights[id];
            }
            return drawRanked(count, params.topP() * total, random);
        }
        double total = 0;
        for (int id = 0; id < vocabSize; id++) {
            weights[id] = weight(logits[offset + id], max, params);
            total += weights[id];
        }
        if (params.topP() < 1) {
            double mass = params.topP() * total;
            return drawRanked(rankNucleus(logits, offset, mass), mass, random);
        }
        return drawById(total, random);
    }

    /** Probability relative to the most likely id's, 0 if min_p drops it. */
    private static double weight(float logit, float max, SamplingParams params) {
        double weight = Exponential.exp(((double) logit - max) / params.temperature());
        return weight >= params.minP() ? weight : 0;
    }

    /** Ranks the ids of largest weight, enough to hold {@code mass}; returns how many. */
    private int rankNucleus(float[] logits, int offset, double mass) {
        int count = 0;
        for (double floor : NUCLEUS_FLOORS) {
            count = 0;
            double held = 0;
            for (int id = 0; id < vocabSize; id++) {
                if (weights[id] >= floor) {
                    keys[count++] = Ranking.key(logits[offset + id], id);
                    held += weights[id];
                }
            }
            if (held >= mass) {
                break;
            }
        }
        Arrays.sort(keys, 0, count);
        return count;
    }

    /** Draws from the shortest beginning of the ranked candidates that holds {@code mass}. */
    private int drawRanked(int count, double mass, double random) {
        double kept = 0;
        int candidates = 0;
        while (candidates < count && (candidates == 0 || kept < mass)) {
            kept += weights[Ranking.id(keys[candidates++])];
        }
        double target = random * kept;
        double cumulative = 0;
        int chosen = Ranking.id(keys[0]);
        for (int i = 0; i < candidates; i++) {
            int id = Ranking.id(keys[i]);
            if (weights[id] == 0) {
                break; // so are all after it
            }
            chosen = id;
            cumulative += weights[id];
            if (cumulative > target) {
                break;
            }
        }
        return chosen;
    }

    private int drawById(double total, double random) {
        double target = random * total;
        double cumulative = 0;
        int chosen = 0;
        for (int id = 0; id < vocabSize; id++) {
            if (weights[id] > 0) {
                chosen = id;
                cumulative += weights[id];
                if (cumulative > target) {
                    break;
                }
            }
        }
        return chosen;
    }
}
