package io.yuebing.engine;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.SampledToken;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.ServiceException;
import io.yuebing.kernels.Selection;
import java.util.Arrays;

/**
 * Chooses tokens from logits.
 *
 * <p>In this order: log-probabilities are taken from the raw logits; {@link LogitAdjustments}; temperature; min_p; top_k;
 * top_p over what is left; then one id is drawn by inverting the cumulative distribution at the position's random number.
 * Greedy takes the largest logit, the lowest id among equals. Every number is computed in a fixed order with exactly
 * defined operations, so equal logits give equal tokens everywhere.
 *
 * <p>Nothing is sorted for top_p: an id is drawn from the whole distribution, and drawn again if more mass than top_p ranks
 * before it. What is accepted follows the distribution over the nucleus, and one pass over the weights tells.
 *
 * <p>Holds scratch memory; used by one thread.
 */
final class Sampler {
    /** Weights are added up as floats within a chunk, chunks as doubles. */
    private static final int CHUNK = 1024;

    /** Draws for top_p before the ids are ranked after all; a small top_p needs many. */
    private static final int MAX_ATTEMPTS = 16;

    private final int vocabSize;
    private final Logprobs logprobs;
    private final float[] raw;
    /** Unnormalised probability by id. */
    private final float[] weights;
    /** Sum of the weights of each chunk of ids. */
    private final double[] chunks;
    /** Candidates as {@link Ranking} keys; grown when a request wants more. */
    private long[] keys = new long[128];

    Sampler(int vocabSize) {
        this.vocabSize = vocabSize;
        logprobs = new Logprobs(vocabSize);
        raw = new float[vocabSize];
        weights = new float[vocabSize];
        chunks = new double[Math.ceilDiv(vocabSize, CHUNK)];
    }

    /**
     * Chooses the token at {@code position} of a sequence.
     *
     * @param logits the model's, from {@code offset} on; changed
     * @throws ServiceException {@link ErrorCode#INTERNAL} if the logits are not numbers,
     *     {@link ErrorCode#INVALID_REQUEST} if the request forbids every token
     */
    SampledToken sample(float[] logits, int offset, SamplingParams params, LogitAdjustments adjustments, int position) {
        float max = largest(logits, offset, position);
        boolean describe = params.logprobs() >= 0;
        boolean adjust = !adjustments.neutral();
        if (adjust) {
            if (describe) {
                System.arraycopy(logits, offset, raw, 0, vocabSize);
            }
            adjustments.apply(logits, offset, vocabSize);
            max = Selection.largest(logits, offset, vocabSize);
            requireChoice(max, position);
        }
        int id = params.isGreedy()
                ? Selection.firstAtLeast(logits, offset, offset + vocabSize, max) - offset
                : draw(logits, offset, max, params, position);
        if (!describe) {
            return SampledToken.bare(id);
        }
        float[] described = adjust ? raw : logits;
        int from = adjust ? 0 : offset;
        return params.logprobTokenIds().isEmpty()
                ? logprobs.describe(described, from, id, params.logprobs())
                : logprobs.describe(described, from, id, params.logprobTokenIds());
    }

    private static void requireChoice(float max, int position) {
        if (max == Float.NEGATIVE_INFINITY) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    "No token may be generated at position " + position
                            + ": allowed_token_ids, bad_words and min_tokens together forbid all of them; allow more.",
                    "allowed_token_ids");
        }
    }

    /**
     * Describes the prompt's token at {@code position} by the logits of the position before.
     *
     * @throws ServiceException {@link ErrorCode#INTERNAL} if the logits are not numbers
     */
    SampledToken score(float[] logits, int offset, int id, int alternatives, int position) {
        float unused = largest(logits, offset, position);
        return logprobs.describe(logits, offset, id, alternatives);
    }

    private float largest(float[] logits, int offset, int position) {
        float max = Selection.largest(logits, offset, vocabSize);
        if (!(max < Float.POSITIVE_INFINITY)) { // NaN as well
            throw new ServiceException(
                    ErrorCode.INTERNAL,
                    "The model computed logits that are NaN or infinite for position " + position
                            + "; its weights may be damaged.");
        }
        return max;
    }

    private int draw(float[] logits, int offset, float max, SamplingParams params, int position) {
        if (max == Float.NEGATIVE_INFINITY) {
            return 0; // everything is masked, as for the greedy choice
        }
        int count = params.topK();
        if (count > 0 && count < vocabSize) {
            return drawAmongTop(count, logits, offset, max, params, position);
        }
        float factor = (float) (1 / params.temperature());
        double total = 0;
        for (int chunk = 0; chunk < chunks.length; chunk++) {
            int from = chunk * CHUNK;
            chunks[chunk] = Selection.exponentials(
                    logits,
                    offset + from,
                    Math.min(CHUNK, vocabSize - from),
                    max,
                    factor,
                    (float) params.minP(),
                    weights,
                    from);
            total += chunks[chunk];
        }
        return params.topP() < 1
                ? drawFromNucleus(params, total, position)
                : drawById(total, PositionRandom.uniform(params.seed(), position));
    }

    private int drawAmongTop(int count, float[] logits, int offset, float max, SamplingParams params, int position) {
        reserveKeys(count);
        Ranking.top(logits, offset, vocabSize, count, keys);
        double total = 0;
        for (int i = 0; i < count; i++) {
            int id = Ranking.id(keys[i]);
            double weight = Exponential.exp(((double) logits[offset + id] - max) / params.temperature());
            weights[id] = weight >= params.minP() ? (float) weight : 0;
            total += weights[id];
        }
        return drawRanked(count, params.topP() * total, PositionRandom.uniform(params.seed(), position));
    }

    private int drawFromNucleus(SamplingParams params, double total, int position) {
        double mass = params.topP() * total;
        float outside = 0; // the largest weight known to be outside
        for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
            int id = drawById(total, PositionRandom.uniform(params.seed(), position, attempt));
            if (weights[id] > outside) {
                if (massBefore(id) < mass) {
                    return id;
                }
                outside = weights[id];
            }
        }
        return drawRanked(rankAtLeast(outside), mass, PositionRandom.uniform(params.seed(), position, MAX_ATTEMPTS));
    }

    /** Weight of the ids that rank before this one: those of larger weight, and lower ids of the same. */
    private double massBefore(int id) {
        double mass = 0;
        for (int from = 0; from < id; from += CHUNK) {
            mass += Selection.sumAtLeast(weights, from, Math.min(CHUNK, id - from), weights[id]);
        }
        float more = Math.nextUp(weights[id]);
        for (int from = id + 1; from < vocabSize; from += CHUNK) {
            mass += Selection.sumAtLeast(weights, from, Math.min(CHUNK, vocabSize - from), more);
        }
        return mass;
    }

    /** Ranks the ids of at least this weight; returns how many. */
    private int rankAtLeast(float least) {
        int count = 0;
        int id = Selection.firstAtLeast(weights, 0, vocabSize, least);
        while (id < vocabSize) {
            reserveKeys(count + 1);
            keys[count++] = Ranking.key(weights[id], id);
            id = Selection.firstAtLeast(weights, id + 1, vocabSize, least);
        }
        Arrays.sort(keys, 0, count);
        return count;
    }

    private void reserveKeys(int count) {
        if (keys.length < count) {
            keys = Arrays.copyOf(keys, Math.min(vocabSize, Math.max(count, 2 * keys.length)));
        }
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

    /** Draws from all ids by their weights. */
    private int drawById(double total, double random) {
        double target = random * total;
        int chunk = 0;
        double before = 0;
        int last = 0;
        for (; chunk < chunks.length && before + chunks[chunk] <= target; chunk++) {
            before += chunks[chunk];
            last = chunks[chunk] > 0 ? chunk : last;
        }
        int from = (chunk < chunks.length ? chunk : last) * CHUNK;
        int chosen = from;
        for (int id = from; id < Math.min(vocabSize, from + CHUNK); id++) {
            if (weights[id] > 0) {
                chosen = id;
                before += weights[id];
                if (before > target) {
                    break;
                }
            }
        }
        return chosen;
    }
}
