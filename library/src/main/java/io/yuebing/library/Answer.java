package io.yuebing.library;

import io.yuebing.answer.ToolCall;
import io.yuebing.api.FinishReason;
import java.util.List;
import java.util.Optional;

/**
 * What a generation came to.
 *
 * @param text all of its content, without the stop string
 * @param reasoning what the model thought before, if it marks its thoughts
 * @param toolCalls the tools that it calls; run them and send the results with {@link Message#tool}
 * @param reason why it ended; {@link FinishReason#ABORT} if it was closed before its end
 * @param stopString the stop string that ended it
 * @param promptTokens tokens of the prompt
 * @param cachedTokens of these, how many did not have to be computed, because an earlier prompt began in the same way
 * @param generatedTokens tokens generated, the last one included even if it adds no text
 */
public record Answer(
        String text,
        String reasoning,
        List<ToolCall> toolCalls,
        FinishReason reason,
        Optional<String> stopString,
        int promptTokens,
        int cachedTokens,
        int generatedTokens) {

    /** The content alone. */
    @Override
    public String toString() {
        return text;
    }
}
