package io.yuebing.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.api.OutputConstraint;
import io.yuebing.api.OutputConstraint.Kind;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What a mask costs with a vocabulary of 151,936 tokens, Qwen's size; prints the times, and holds a loose bound. */
class MaskCostTest {
    private static final int TOKENS = 151_936;
    private static final int STEPS = 400;

    @Test
    void aMaskCostsLittleBesideAStep() {
        SplittableRandom random = new SplittableRandom(1);
        byte[][] texts = new byte[TOKENS][];
        for (int id = 0; id < TOKENS; id++) {
            texts[id] = id < 256 ? new byte[] {(byte) id} : word(random);
        }
        ConstraintCompiler compiler = new ConstraintCompiler(shown -> new Vocabulary(TOKENS, id -> texts[id]));
        OutputConstraint constraint = new OutputConstraint(Kind.JSON, "{\"type\":\"object\"}");
        float[] logits = new float[TOKENS + 1];
        long[] nanos = new long[3 * STEPS];
        int at = 0;
        for (int run = 0; run < 3; run++) {
            OutputState state = compiler.begin(constraint, List.of(TOKENS));
            for (int step = 0; step < STEPS && !state.complete(); step++) {
                for (int id = 0; id <= TOKENS; id++) {
                    logits[id] = random.nextInt(1 << 20);
                }
                logits[TOKENS] = -1;
                long start = System.nanoTime();
                state.mask(logits, 0, logits.length);
                nanos[at++] = System.nanoTime() - start;
                int best = 0;
                for (int id = 1; id < TOKENS; id++) {
                    best = logits[id] > logits[best] ? id : best;
                }
                assertThat(state.accept(best)).isTrue();
            }
        }
        long[] sorted = Arrays.stream(nanos, 0, at).sorted().toArray();
        System.out.printf(
                "mask of %d tokens: median %.0f µs, 99 %% %.0f µs, most %.0f µs over %d tokens%n",
                TOKENS, sorted[at / 2] / 1e3, sorted[at * 99 / 100] / 1e3, sorted[at - 1] / 1e3, at);
        assertThat(sorted[at / 2]).as("median in ns").isLessThan(50_000_000);
    }

    private static byte[] word(SplittableRandom random) {
        String letters = "etaoinshrdlucmfwypvbgkqjxz  ETA,.\"{}[]:0123456789\\n";
        StringBuilder text = new StringBuilder();
        for (int i = 2 + random.nextInt(6); i > 0; i--) {
            text.append(letters.charAt(random.nextInt(random.nextInt(10) == 0 ? letters.length() : 26)));
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }
}
