package io.yuebing.grammar;

import io.yuebing.api.OutputConstraint;
import io.yuebing.text.Tokenizer;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/** Answers sampled from random logits within a constraint, as an engine would. */
final class Answers {
    private final Tokenizer tokenizer;
    private final ConstraintCompiler compiler;
    private final int end;
    private final float[] hurry;

    Answers(String tokenizerName) {
        tokenizer = Tokenizer.load(Path.of("src/test/resources/tokenizer", tokenizerName));
        int size = tokenizer.size();
        end = size;
        compiler = new ConstraintCompiler(shown -> new Vocabulary(size, this::text));
        hurry = new float[size + 1];
        for (int id = 0; id < size; id++) {
            hurry[id] = hurry(tokenizer.tokenText(id));
        }
        hurry[end] = 1;
    }

    /** Quotes first, then characters one by one, so that what a pattern still asks for comes soon. */
    private static float hurry(String text) {
        if (text.matches("\"[\\]}]*")) {
            return 1.5f;
        }
        return text.matches("[,\\\\].*") ? -1 : text.matches("[ -~&&[^{\\[]]") ? 1 : 0;
    }

    private byte[] text(int id) {
        return tokenizer.isSpecial(id) ? new byte[0] : tokenizer.tokenBytes(id);
    }

    OutputState begin(OutputConstraint constraint) {
        return compiler.begin(constraint, List.of(end));
    }

    /** A whole answer, which the logits push to its end the more the longer it is; empty if it has not ended after {@code most} tokens. */
    Optional<String> sample(OutputConstraint constraint, SplittableRandom random, int most) {
        OutputState state = begin(constraint);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        float[] logits = new float[end + 1];
        for (int step = 0; step < most && !state.complete(); step++) {
            for (int id = 0; id <= end; id++) {
                logits[id] = (float) random.nextDouble() + hurry[id] * Math.min(2, step / 20f);
            }
            if (!state.mask(logits, 0, logits.length)) {
                throw new AssertionError("no token continues " + bytes.toString(StandardCharsets.UTF_8));
            }
            int best = 0;
            for (int id = 1; id <= end; id++) {
                best = logits[id] > logits[best] ? id : best;
            }
            if (best == end) {
                return Optional.of(bytes.toString(StandardCharsets.UTF_8));
            }
            bytes.writeBytes(text(best));
            if (!state.accept(best)) {
                throw new AssertionError("an allowed token does not fit: " + tokenizer.tokenText(best) + " after "
                        + bytes.toString(StandardCharsets.UTF_8));
            }
        }
        return state.complete() ? Optional.of(bytes.toString(StandardCharsets.UTF_8)) : Optional.empty();
    }
}
