package io.yuebing.model;

import io.yuebing.api.GenerationDefaults;
import java.util.List;

/**
 * What the engine and the servers need to know of a model.
 *
 * @param architecture as in config.json, for example {@code Qwen2ForCausalLM}
 * @param layers number of layers
 * @param hiddenSize width of the residual stream
 * @param heads query heads
 * @param kvHeads key and value heads
 * @param headSize elements per head
 * @param vocabSize rows of the embedding; ids past the tokenizer's last one are padding
 * @param maxPositions longest sequence, prompt and output together
 * @param eosTokenIds end-of-sequence ids of generation_config.json, else of config.json
 * @param generation sampling defaults of generation_config.json
 */
public record ModelConfig(
        String architecture,
        int layers,
        int hiddenSize,
        int heads,
        int kvHeads,
        int headSize,
        int vocabSize,
        int maxPositions,
        List<Integer> eosTokenIds,
        GenerationDefaults generation) {}
