package io.yuebing.dialect;

import io.yuebing.answer.AnswerReading;
import java.util.List;

/**
 * How generated tokens are shown to the client.
 *
 * @param stop stop strings
 * @param includeStop whether a stop string stays in the text
 * @param skipSpecialTokens whether special tokens are left out of the text
 * @param logprobs alternatives shown per token; 0 = the chosen token only, -1 = no log-probabilities
 * @param tokensAsIds log-probabilities name tokens {@code token_id:17}
 * @param returnTokenIds token ids are shown beside the text
 * @param echo the text begins with the prompt
 * @param streamInterval tokens shown at a time, at least 1
 * @param reading what is told apart in the text
 */
record OutputFormat(
        List<String> stop,
        boolean includeStop,
        boolean skipSpecialTokens,
        int logprobs,
        boolean tokensAsIds,
        boolean returnTokenIds,
        boolean echo,
        int streamInterval,
        AnswerReading reading) {

    /** For a prompt that is computed here and continued elsewhere: nothing in the first token ends the answer. */
    OutputFormat ofPromptOnly() {
        return new OutputFormat(
                List.of(),
                includeStop,
                skipSpecialTokens,
                logprobs,
                tokensAsIds,
                returnTokenIds,
                echo,
                streamInterval,
                AnswerReading.PLAIN);
    }

    /** Whether the answer shows tokens and not only text. */
    boolean showsTokens() {
        return logprobs >= 0 || returnTokenIds;
    }
}
