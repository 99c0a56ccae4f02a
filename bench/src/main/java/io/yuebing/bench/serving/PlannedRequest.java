package io.yuebing.bench.serving;

import java.util.List;

/**
 * A request to be sent.
 *
 * @param atNanos when, from the start of the measurement; plays no role in a closed loop
 * @param promptTokens length of the prompt
 * @param outputTokens tokens to generate
 * @param blocks ids of the prompt's blocks of {@value #BLOCK} tokens: equal ids are equal text
 */
public record PlannedRequest(long atNanos, int promptTokens, int outputTokens, List<Long> blocks) {
    /** Tokens that a block id stands for, as in the traces of Mooncake. */
    static final int BLOCK = 512;

    public PlannedRequest {
        blocks = List.copyOf(blocks);
    }
}
