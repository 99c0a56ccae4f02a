package io.yuebing.engine;

import io.yuebing.api.ThinkingBudget;
import java.util.List;
import java.util.stream.Stream;

/**
 * Counts the tokens of a model's thoughts and says which token must follow once they are too many.
 *
 * <pre>
 *   BEFORE -- opening tag --> THINKING -- closing tag, or another end --> OVER
 * </pre>
 *
 * A function of the output alone, so whoever continues a sequence elsewhere gets the same.
 */
final class ThinkingLimit {
    /** Nothing must follow. */
    static final int FREE = -1;

    private static final int[] NONE = {};

    private enum At {
        BEFORE,
        THINKING,
        OVER
    }

    private final int budget;
    private final int[] open;
    private final int[] close;
    private final int[][] ends;
    /** The output since the beginning, or since the thoughts began. */
    private final TokenTail tail;

    private At at;
    private int[] answerBegin = NONE;
    /** Tokens since the thoughts began, those of a closing tag that has begun included. */
    private int thoughts;

    ThinkingLimit(ThinkingBudget budget) {
        this.budget = budget.tokens();
        open = toArray(budget.open());
        close = toArray(budget.close());
        ends = Stream.concat(Stream.of(close), budget.otherEnds().stream().map(ThinkingLimit::toArray))
                .toArray(int[][]::new);
        int longest = Stream.of(ends).mapToInt(end -> end.length).max().orElse(0);
        tail = new TokenTail(Math.max(open.length, longest));
        at = budget.opened() ? At.THINKING : At.BEFORE;
    }

    void generated(int id) {
        if (at == At.OVER) {
            return;
        }
        tail.add(id);
        if (at == At.THINKING) {
            thoughts++;
            for (int[] end : ends) {
                if (tail.endsWith(end, end.length)) {
                    at = At.OVER;
                    answerBegin = end == close ? NONE : end;
                }
            }
        } else if (tail.endsWith(open, open.length)) {
            at = At.THINKING;
            tail.clear();
        }
    }

    /** Whether thoughts have not begun. */
    boolean before() {
        return at == At.BEFORE;
    }

    /** Whether thoughts have ended. */
    boolean over() {
        return at == At.OVER;
    }

    /** The tokens that ended the thoughts and belong to the answer: empty after the closing tag. */
    int[] answerBegin() {
        return answerBegin;
    }

    /** The id that must be generated next, or {@link #FREE}. */
    int forced() {
        return at == At.THINKING && thoughts >= budget ? close[closed()] : FREE;
    }

    /** How much of the closing tag is there. */
    private int closed() {
        int most = Math.min(close.length - 1, thoughts);
        while (!tail.endsWith(close, most)) {
            most--;
        }
        return most;
    }

    private static int[] toArray(List<Integer> ids) {
        return ids.stream().mapToInt(id -> id).toArray();
    }
}
