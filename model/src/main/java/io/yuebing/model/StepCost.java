package io.yuebing.model;

import io.yuebing.kernels.Linear;
import java.util.Collection;

/**
 * What a step costs at least, without the attention over the KV cache: the memory it reads and the multiplications it
 * makes. Of experts it counts as many as one token uses.
 *
 * @param weightBytes bytes of the layers' matrices as they lie in memory, read once for all tokens of a step
 * @param macsPerToken multiply-adds of the layers for one token
 * @param headBytes bytes of the output head, read if logits are asked for
 * @param headMacs multiply-adds of the output head for one row of logits
 */
public record StepCost(long weightBytes, long macsPerToken, long headBytes, long headMacs) {

    /** The cost of multiplying with these matrices. */
    public static StepCost of(Collection<Linear> layers, Linear head) {
        return new StepCost(
                layers.stream().mapToLong(Linear::bytes).sum(),
                layers.stream().mapToLong(StepCost::macs).sum(),
                head.bytes(),
                macs(head));
    }

    private static long macs(Linear matrix) {
        return (long) matrix.inputs() * matrix.outputs();
    }
}
