package io.yuebing.bench.engine;

import io.yuebing.api.UserError;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import java.util.List;

/**
 * What {@link EngineBench} measures.
 *
 * @param prompt tokens of each prompt
 * @param generate tokens of each sequence that the speed of decoding is taken from
 * @param batches numbers of sequences at once, each measured on its own
 * @param rounds measurements of each batch, in turn
 * @param seed of the random prompts
 * @param threads threads that compute
 * @param compute arithmetic of products with quantised weights
 * @param kvType element type of the KV cache
 * @param blockSize tokens in a KV block
 * @param maxBatchedTokens token budget of a step
 * @param structured whether each measurement is made a second time with answers held to a JSON schema
 */
public record EngineBenchOptions(
        int prompt,
        int generate,
        List<Integer> batches,
        int rounds,
        long seed,
        int threads,
        ComputeMode compute,
        ElementType kvType,
        int blockSize,
        int maxBatchedTokens,
        boolean structured) {

    private static final int MAX_TOKENS = 1 << 24;
    private static final int MAX_BATCH = 4096;
    private static final int MAX_ROUNDS = 1000;

    /** Steps that the reader of a sequence may be late to see its first token: a step of a tiny model takes microseconds. */
    private static final int LATE_STEPS = 100;

    public EngineBenchOptions {
        batches = List.copyOf(batches);
        check("--prompt", prompt, MAX_TOKENS);
        check("--generate", generate, MAX_TOKENS);
        check("--rounds", rounds, MAX_ROUNDS);
        if (batches.isEmpty()) {
            throw new UserError("--batch: expected numbers of sequences such as 1,4,16, got none");
        }
        for (int batch : batches) {
            check("--batch", batch, MAX_BATCH);
        }
        if (maxBatchedTokens <= largestBatch(batches)) {
            throw new UserError("--max-num-batched-tokens " + maxBatchedTokens + " leaves no room for prompts beside "
                    + largestBatch(batches) + " sequences that decode; raise it or choose a smaller --batch");
        }
        int longest = batches.stream()
                .mapToInt(batch -> maxTokens(prompt, generate, maxBatchedTokens, batch))
                .max()
                .orElseThrow();
        if (structured && longest > BenchSchema.SURE_TOKENS) {
            throw new UserError(
                    "--structured measures answers of up to " + BenchSchema.SURE_TOKENS + " tokens, but --generate "
                            + generate + " with --batch " + largestBatch(batches) + " makes " + longest
                            + "; choose a smaller --generate or --prompt");
        }
    }

    int largestBatch() {
        return largestBatch(batches);
    }

    private static int largestBatch(List<Integer> batches) {
        return batches.stream().mapToInt(Integer::intValue).max().orElseThrow();
    }

    /**
     * Most tokens that a sequence must be allowed to generate so that all of the batch still run when the last one has
     * generated enough: the earlier ones decode while later prompts are computed, and while readers wake up.
     */
    int maxTokens(int batch) {
        return maxTokens(prompt, generate, maxBatchedTokens, batch);
    }

    private static int maxTokens(int prompt, int generate, int maxBatchedTokens, int batch) {
        long stepsOfPrompts = Math.ceilDiv((long) batch * prompt, maxBatchedTokens - batch) + 1;
        return Math.toIntExact(1 + generate + (batch == 1 ? 0 : stepsOfPrompts + LATE_STEPS));
    }

    private static void check(String option, int value, int most) {
        if (value < 1 || value > most) {
            throw new UserError(option + ": expected an integer from 1 to " + most + ", got " + value);
        }
    }
}
