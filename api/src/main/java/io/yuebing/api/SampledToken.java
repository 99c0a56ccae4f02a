package io.yuebing.api;

import java.util.List;

/**
 * One generated token.
 *
 * @param id token id
 * @param logprob its log-probability and rank; meaningful only when log-probabilities were asked for
 * @param rank 1 for the most likely id; 0 when log-probabilities were not asked for
 * @param top the most likely alternatives, most likely first; as many as {@link SamplingParams#logprobs()} says
 */
public record SampledToken(int id, float logprob, int rank, List<TokenLogprob> top) {

    /** A token without log-probabilities. */
    public static SampledToken bare(int id) {
        return new SampledToken(id, 0, 0, List.of());
    }
}
