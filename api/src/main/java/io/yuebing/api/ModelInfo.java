package io.yuebing.api;

import java.util.List;

/**
 * What a server says about the model that it serves.
 *
 * @param name the name clients use
 * @param maxModelLength most tokens of prompt and output together
 * @param vocabSize ids are below this
 * @param eosTokenIds end-of-sequence ids
 * @param generation sampling defaults that the model ships
 * @param fingerprint identifies weights and configuration
 */
public record ModelInfo(
        String name,
        int maxModelLength,
        int vocabSize,
        List<Integer> eosTokenIds,
        GenerationDefaults generation,
        String fingerprint) {
    public ModelInfo {
        eosTokenIds = List.copyOf(eosTokenIds);
    }
}
