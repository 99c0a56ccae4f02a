package io.yuebing.dialect;

import io.yuebing.answer.AnswerPart;
import io.yuebing.api.FinishReason;
import io.yuebing.api.KvPull;
import io.yuebing.api.SampledToken;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** What one choice tells the writer of the answer: one {@link Started}, any number of {@link Delta}s, one {@link Ended}. */
sealed interface ChoiceEvent {
    Sequence sequence();

    /** The prompt is computed. */
    record Started(Sequence sequence, int cachedTokens, List<SampledToken> promptLogprobs) implements ChoiceEvent {}

    /**
     * More of the answer, more tokens, or both.
     *
     * @param parts what can be shown now; may be empty, since text can be held back and tokens can be half a character
     * @param tokens the tokens since the last delta; empty unless the answer shows tokens
     * @param echoed whether this is the prompt
     * @param generated tokens generated so far
     */
    record Delta(Sequence sequence, List<AnswerPart> parts, List<Piece> tokens, boolean echoed, int generated)
            implements ChoiceEvent {
        /** The content among the parts. */
        String text() {
            StringBuilder text = new StringBuilder();
            for (AnswerPart part : parts) {
                if (part instanceof AnswerPart.Content content) {
                    text.append(content.text());
                }
            }
            return text.toString();
        }
    }

    /**
     * The choice is complete.
     *
     * @param stopString the stop string that ended it
     * @param stopTokenId the stop id that ended it
     * @param callsTools whether the answer calls tools
     * @param generated all tokens generated
     * @param reasoned how many of them are thoughts; their tags are not
     * @param meanLogprob of the generated tokens; 0 unless log-probabilities were computed
     * @param kept where the prompt's KV cache can be pulled from, if it was to be kept
     * @param firstTokenNanos from the start to the first token; 0 if there was none
     */
    record Ended(
            Sequence sequence,
            FinishReason reason,
            Optional<String> stopString,
            OptionalInt stopTokenId,
            boolean callsTools,
            int generated,
            int reasoned,
            double meanLogprob,
            Optional<KvPull> kept,
            long firstTokenNanos)
            implements ChoiceEvent {
        /** The same as the choice of another number. */
        Ended at(int index) {
            return new Ended(
                    new Sequence(index, sequence.prompt(), sequence.request()),
                    reason,
                    stopString,
                    stopTokenId,
                    callsTools,
                    generated,
                    reasoned,
                    meanLogprob,
                    kept,
                    firstTokenNanos);
        }
    }

    /**
     * One token in the answer.
     *
     * @param id the token
     * @param sampled with its log-probabilities; null for a prompt's first token, which nothing predicts
     * @param textOffset Unicode characters of text before it
     */
    record Piece(int id, @Nullable SampledToken sampled, int textOffset) {}
}
