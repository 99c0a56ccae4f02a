package io.yuebing.dialect;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Chooses the answers of {@code best_of} that are sent: those whose tokens were most likely on average.
 *
 * @param candidates sequences generated per prompt
 * @param kept sequences sent per prompt
 */
record BestOf(int candidates, int kept) {
    /** Whether something is left out, so that probabilities have to be known. */
    boolean selects() {
        return candidates > kept;
    }

    /** The best of each prompt, the best first, numbered anew. */
    List<FinishedChoice> of(List<FinishedChoice> choices) {
        if (!selects()) {
            return choices;
        }
        List<FinishedChoice> best = new ArrayList<>();
        for (int from = 0; from < choices.size(); from += candidates) {
            choices.subList(from, from + candidates).stream()
                    .sorted(Comparator.comparingDouble(
                                    (FinishedChoice choice) -> choice.ended().meanLogprob())
                            .reversed())
                    .limit(kept)
                    .forEach(best::add);
        }
        for (int i = 0; i < best.size(); i++) {
            best.get(i).renumber(i);
        }
        return best;
    }
}
