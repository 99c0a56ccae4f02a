package io.yuebing.api;

/**
 * One candidate at a position.
 *
 * @param id token id
 * @param logprob natural logarithm of its probability under the model's raw logits (before penalties and temperature)
 * @param rank 1 for the most likely id of the vocabulary
 */
public record TokenLogprob(int id, float logprob, int rank) {}
