package io.yuebing.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.api.OutputConstraint;
import io.yuebing.api.OutputConstraint.Kind;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** A mask allows exactly the tokens that fit one by one, also those with parts of characters and those that leave texts. */
class MaskOracleTest {
    private static final List<String> PIECES = List.of(
            "a", "bc", "Z9", " ", "\"", "\\", "\\n", "\n", "é", "日本", "🎉", ",", ":", "}", "]", "\",\"", "x".repeat(9));
    private static final List<OutputConstraint> CONSTRAINTS = List.of(
            new OutputConstraint(Kind.JSON, "{\"type\":\"string\"}"),
            new OutputConstraint(Kind.JSON, "{\"type\":\"string\",\"minLength\":3,\"maxLength\":6}"),
            new OutputConstraint(Kind.JSON, "{\"type\":\"object\"}"),
            new OutputConstraint(Kind.JSON, "{\"type\":\"string\",\"pattern\":\"^[ -~]{2,}z?é*$\"}"),
            new OutputConstraint(Kind.JSON, "{\"type\":\"array\",\"items\":{\"type\":\"string\",\"maxLength\":11}}"),
            new OutputConstraint(Kind.REGEX, "<[^>\\n]{0,5}[^\\x00-\\x7f]>"),
            new OutputConstraint(Kind.REGEX, "\"[^\"é]+\"[a-zA-Z0-9]*|'[^']{4,}'"),
            new OutputConstraint(Kind.GRAMMAR, "root ::= (\"\\\"\" [^\"]* \"\\\"\" | \"a\" root){2}"));

    @Test
    void masksAllowWhatFits() {
        for (int seed = 0; seed < 40; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            List<byte[]> texts = texts(random);
            int end = texts.size();
            ConstraintCompiler compiler = new ConstraintCompiler(
                    shown -> new Vocabulary(end + 1, id -> id == end ? new byte[0] : texts.get(id)));
            OutputConstraint constraint = CONSTRAINTS.get(seed % CONSTRAINTS.size());
            List<Integer> taken = new ArrayList<>();
            for (int step = 0; step < 8; step++) {
                OutputState state = after(compiler, constraint, taken, end);
                float[] logits = new float[end + 1];
                state.mask(logits, 0, logits.length);
                List<Integer> fitting = new ArrayList<>();
                for (int id = 0; id < end; id++) {
                    boolean fits = after(compiler, constraint, taken, end).accept(id);
                    assertThat(logits[id] == 0)
                            .as(
                                    "seed %d, %s, token \"%s\" after %s",
                                    seed, constraint, new String(texts.get(id), StandardCharsets.ISO_8859_1), taken)
                            .isEqualTo(fits);
                    if (fits) {
                        fitting.add(id);
                    }
                }
                if (fitting.isEmpty()) {
                    break;
                }
                taken.add(fitting.get(random.nextInt(fitting.size())));
            }
        }
    }

    private static OutputState after(
            ConstraintCompiler compiler, OutputConstraint constraint, List<Integer> taken, int end) {
        OutputState state = compiler.begin(constraint, List.of(end));
        taken.forEach(state::accept);
        return state;
    }

    /** All bytes, and pieces of texts cut anywhere. */
    private static List<byte[]> texts(SplittableRandom random) {
        List<byte[]> texts = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            texts.add(new byte[] {(byte) b});
        }
        for (int i = 0; i < 300; i++) {
            ByteArrayOutputStream text = new ByteArrayOutputStream();
            for (int j = 1 + random.nextInt(4); j > 0; j--) {
                byte[] piece = PIECES.get(random.nextInt(PIECES.size())).getBytes(StandardCharsets.UTF_8);
                int from = random.nextInt(4) == 0 ? random.nextInt(piece.length) : 0;
                int to = random.nextInt(4) == 0 ? random.nextInt(from, piece.length) : piece.length;
                text.write(piece, from, to - from);
            }
            texts.add(text.toByteArray());
        }
        return texts;
    }
}
