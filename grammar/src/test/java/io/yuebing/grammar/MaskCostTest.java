package io.yuebing.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.api.OutputConstraint;
import io.yuebing.api.OutputConstraint.Kind;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * What a mask costs where no answer has been before, with a vocabulary of 151,936 tokens, Qwen's size; prints the times, and
 * holds a loose bound. Each place's is the least of some runs, so that other programs do not count.
 */
class MaskCostTest {
    private static final int TOKENS = 151_936;
    private static final int RUNS = 10;
    private static final OutputConstraint CONSTRAINT = new OutputConstraint(Kind.JSON, """
            {"type": "object", "additionalProperties": false, "required": ["title", "text", "code", "tags", "price", "more"],
             "properties": {
               "title": {"type": "string", "minLength": 3, "maxLength": 200},
               "text": {"type": "string"},
               "code": {"type": "string", "pattern": "^[A-Z]{2}-\\\\d{4}$"},
               "tags": {"type": "array", "items": {"enum": ["new", "old", "sold"]}},
               "price": {"type": "number", "minimum": 0},
               "more": {"type": "object"}}}
            """);
    private static final String ANSWER = """
            {"title": "A chair", "text": "Of \\"oak\\", 日本 made.", "code": "AB-1234", "tags": ["new", "sold"],\
             "price": 12.50, "more": {"a": [1, true, {"b": "c"}], "d": null}}""";

    @Test
    void aMaskCostsLittleWhereNobodyHasBeen() {
        SplittableRandom random = new SplittableRandom(1);
        byte[][] texts = new byte[TOKENS][];
        for (int id = 0; id < TOKENS; id++) {
            texts[id] = id < 256 ? new byte[] {(byte) id} : word(random);
        }
        Vocabulary vocabulary = new Vocabulary(TOKENS, id -> texts[id]);
        byte[] answer = ANSWER.getBytes(StandardCharsets.UTF_8);
        long[] nanos = new long[answer.length];
        Arrays.fill(nanos, Long.MAX_VALUE);
        for (int run = 0; run < RUNS; run++) {
            OutputState state = new ConstraintCompiler(shown -> vocabulary).begin(CONSTRAINT, List.of(TOKENS));
            for (int i = 0; i < answer.length; i++) {
                long start = System.nanoTime();
                state.prepare();
                nanos[i] = Math.min(nanos[i], System.nanoTime() - start);
                assertThat(state.accept(answer[i] & 0xFF))
                        .as("byte %d of %s", i, ANSWER)
                        .isTrue();
            }
        }
        long[] sorted = Arrays.stream(nanos).sorted().toArray();
        System.out.printf(
                "mask of %d tokens: median %.0f µs, 99 %% %.0f µs, most %.0f µs over %d tokens%n",
                TOKENS,
                sorted[sorted.length / 2] / 1e3,
                sorted[sorted.length * 99 / 100] / 1e3,
                sorted[sorted.length - 1] / 1e3,
                sorted.length);
        assertThat(sorted[sorted.length * 99 / 100]).as("99 % in ns").isLessThan(5_000_000);
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
