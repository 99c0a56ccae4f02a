package io.yuebing.api;

import java.util.Optional;

/** Sampling defaults that a model ships in generation_config.json; empty where it says nothing. */
public record GenerationDefaults(
        Optional<Double> temperature,
        Optional<Double> topP,
        Optional<Integer> topK,
        Optional<Double> minP,
        Optional<Double> repetitionPenalty) {
    public static final GenerationDefaults NONE = new GenerationDefaults(
            Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
}
