package io.yuebing.bench.engine;

import io.yuebing.bench.MachineLimits;
import io.yuebing.kv.ElementType;
import io.yuebing.model.CausalLm;
import io.yuebing.model.ModelConfig;
import io.yuebing.model.StepCost;

/**
 * The least time that prefill and decode of a model can take on a machine.
 *
 * <p>Prefill multiplies: the layers' matrices for each token, the head for each prompt, and queries with keys and values
 * for each pair of positions, where a window that a layer may have is not deducted. Decode reads: all matrices once a
 * step, and the keys and values of each sequence. The arithmetic limit is that of floats; integer arithmetic may pass it.
 */
record StepLimits(StepCost cost, long attentionMacsPerPosition, long kvBytesPerPosition, MachineLimits machine) {

    static StepLimits of(CausalLm model, ElementType kvType, MachineLimits machine) {
        ModelConfig config = model.config();
        long attention = 2L * config.layers() * config.heads() * config.headSize();
        long kvBytes = model.layerGroups().size() * model.kvLayout(1, 1, kvType).byteSize();
        return new StepLimits(model.cost(), attention, kvBytes, machine);
    }

    /** Seconds of multiplications for {@code batch} prompts. */
    double prefillSeconds(int batch, int prompt) {
        double pairs = prompt * (prompt + 1.0) / 2;
        double macs = (double) prompt * cost.macsPerToken() + cost.headMacs() + pairs * attentionMacsPerPosition;
        return batch * macs / machine.macsPerSecond();
    }

    /** Seconds of reading memory for {@code steps} tokens of each of {@code batch} sequences. */
    double decodeReadSeconds(int batch, int prompt, int steps) {
        double weights = (double) cost.weightBytes() + cost.headBytes();
        double kv = batch * context(prompt, steps) * kvBytesPerPosition;
        return steps * (weights + kv) / machine.readBytesPerSecond();
    }

    /** Seconds of multiplications for the same. */
    double decodeMacSeconds(int batch, int prompt, int steps) {
        double macs = cost.macsPerToken() + cost.headMacs() + context(prompt, steps) * attentionMacsPerPosition;
        return (double) steps * batch * macs / machine.macsPerSecond();
    }

    /** Mean number of positions that a token attends to. */
    private static double context(int prompt, int steps) {
        return prompt + (steps + 1) / 2.0;
    }
}
