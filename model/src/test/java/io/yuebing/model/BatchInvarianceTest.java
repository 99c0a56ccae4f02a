package io.yuebing.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import io.yuebing.model.CausalLm.LayerListener;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A sequence's logits have the same bits whatever is computed beside it and however its prompt is cut. */
class BatchInvarianceTest {
    private static final int TOKENS = 70;

    @ParameterizedTest
    @CsvSource({
        "qwen2-gptq-int4, INT8, BF16",
        "qwen2-gptq-int4, F32, F32",
        "qwen2-gptq-int8, INT8, F32",
        "qwen2-yarn, F32, BF16",
        "qwen2-yarn, F32, INT8",
        "qwen2-gptq-int4, INT8, F16",
        "qwen2-f32, F32, F32",
        "mistral, F32, BF16",
        "phi3, F32, F32",
        "gemma2, F32, F32",
        "gemma3, F32, F32",
        "mixtral, F32, BF16",
        "qwen3_moe, F32, F32",
        "kimi_k2, F32, F32",
        "kimi_k2, F32, BF16",
        "kimi_k2, F32, INT8",
    })
    void bitsDoNotDependOnChunksThreadsOrNeighbours(String name, ComputeMode compute, ElementType kvType) {
        Path dir = ModelRun.MODELS.resolve(name);
        int[] ids = new Random(17).ints(TOKENS, 0, 2000).toArray();
        float[][] whole;
        try (ModelRun run = ModelRun.open(dir, compute, 1, kvType)) {
            whole = run.logits(ids, TOKENS);
            for (int chunk : new int[] {1, 7, 64}) {
                assertSameBits(run.logits(ids, chunk), whole, "chunks of " + chunk);
            }
        }
        for (int threads = 2; threads <= 4; threads++) {
            try (ModelRun run = ModelRun.open(dir, compute, threads, kvType)) {
                assertSameBits(run.logits(ids, 33), whole, threads + " threads");
                assertSameBits(inBatchOf32(run, ids), whole, "a batch of 32 on " + threads + " threads");
            }
        }
    }

    /** The sequence in uneven chunks among 31 others that decode one token a step. */
    private static float[][] inBatchOf32(ModelRun run, int[] ids) {
        int others = 31;
        Random random = new Random(3);
        float[][] logits = new float[ids.length][];
        int[][] tables = run.tables(ids.length);
        for (int first = 0, stepNumber = 0; first < ids.length; stepNumber++) {
            int chunk = Math.min(1 + random.nextInt(16), ids.length - first);
            int before = random.nextInt(others + 1);
            List<ForwardBatch.Span> spans = new ArrayList<>();
            int[] tokens = new int[others + chunk];
            for (int i = 0, row = 0; i <= others; i++) {
                if (i == before) {
                    System.arraycopy(ids, first, tokens, row, chunk);
                    spans.add(new ForwardBatch.Span(row, chunk, first, tables));
                    row += chunk;
                } else {
                    int other = i < before ? i : i - 1;
                    tokens[row] = random.nextInt(2000);
                    int[][] own = new int[tables.length][];
                    Arrays.setAll(own, _ -> new int[] {other});
                    spans.add(new ForwardBatch.Span(row, 1, stepNumber % ModelRun.BLOCK_SIZE, own));
                    row++;
                }
            }
            int start = first;
            int[] wanted = IntStream.range(before, before + chunk).toArray();
            run.model.forward(
                    new ForwardBatch(tokens, spans, wanted),
                    run.cache,
                    LayerListener.NONE,
                    (index, buffer, offset) -> logits[start + index] = run.row(buffer, offset));
            first += chunk;
        }
        return logits;
    }

    private static void assertSameBits(float[][] actual, float[][] expected, String how) {
        for (int position = 0; position < expected.length; position++) {
            for (int id = 0; id < expected[position].length; id++) {
                if (Float.floatToRawIntBits(actual[position][id]) != Float.floatToRawIntBits(expected[position][id])) {
                    assertThat(actual[position][id])
                            .as("%s: position %d, logit %d", how, position, id)
                            .isEqualTo(expected[position][id]);
                }
            }
        }
    }
}
