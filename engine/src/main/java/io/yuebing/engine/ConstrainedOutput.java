package io.yuebing.engine;

import io.yuebing.api.ThinkingBudget;
import io.yuebing.grammar.OutputState;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An output that must keep to a constraint, from its beginning or from the end of the model's thoughts.
 *
 * <p>Where the request has a {@link ThinkingBudget}, the output may begin with the opening tag, if that is one token, and all
 * tokens are free from there to the end of the thoughts. A function of the output alone, so whoever continues a sequence
 * elsewhere gets the same.
 */
final class ConstrainedOutput {
    private final OutputState answer;
    /** How far the thoughts are; null once the answer has begun. */
    private @Nullable ThinkingLimit thoughts;

    /** The token that may open the thoughts; -1 = none. */
    private final int opening;

    /** Whether what ends the thoughts beside the closing tag is the answer's beginning. */
    private final boolean endsBelongToAnswer;

    /**
     * @param answer what the text must be, before its first token
     * @param endsBelongToAnswer whether what ends the thoughts beside the closing tag is the answer's beginning, rather than
     *     before it
     */
    ConstrainedOutput(OutputState answer, Optional<ThinkingBudget> thinking, boolean endsBelongToAnswer) {
        this.answer = answer;
        this.endsBelongToAnswer = endsBelongToAnswer;
        boolean opened = thinking.map(ThinkingBudget::opened).orElse(false);
        opening = thinking.isPresent() && !opened && thinking.get().open().size() == 1
                ? thinking.get().open().getFirst()
                : -1;
        thoughts = opened || opening >= 0 ? new ThinkingLimit(thinking.orElseThrow()) : null;
    }

    /**
     * Takes a token of the output.
     *
     * @return false if it does not fit
     */
    boolean accept(int token) {
        if (thoughts == null) {
            return answer.accept(token);
        }
        boolean opens = thoughts.before();
        if (opens && token != opening) {
            thoughts = null;
            return answer.accept(token);
        }
        thoughts.generated(token);
        boolean fits = true;
        if (thoughts.over()) {
            if (endsBelongToAnswer) {
                for (int begun : thoughts.answerBegin()) {
                    fits &= answer.accept(begun);
                }
            }
            thoughts = null;
        }
        return fits;
    }

    /** Whether the answer is complete and nothing can follow. */
    boolean complete() {
        return thoughts == null && answer.complete();
    }

    /** Whether the next token is free, so that nothing needs to be found out for it. */
    boolean free() {
        return thoughts != null && !thoughts.before();
    }

    /** What the text must be; changed by {@link #accept}. */
    OutputState answer() {
        return answer;
    }

    /**
     * Forbids all tokens that do not fit, as {@link OutputState#mask} does.
     *
     * @return whether any token is left
     */
    boolean mask(float[] logits, int offset, int size) {
        if (free()) {
            return true;
        }
        if (thoughts == null) {
            return answer.mask(logits, offset, size);
        }
        float open = logits[offset + opening];
        boolean any = answer.mask(logits, offset, size);
        logits[offset + opening] = open;
        return any || open > Float.NEGATIVE_INFINITY;
    }
}
