package io.yuebing.dialect;

import java.util.List;

/**
 * A completions or chat request, read, checked and turned into sequences.
 *
 * @param id the answer's id
 * @param createdSeconds when the request came, seconds since the epoch
 * @param modelName the model's name as the client gave it
 * @param prompts what is continued
 * @param sequences those of each prompt, in order of their index
 * @param best which of them are sent
 * @param format how tokens are shown
 * @param promptLogprobs alternatives shown per prompt token; -1 = none
 * @param delivery whole or streamed
 */
record Ask(
        String id,
        long createdSeconds,
        String modelName,
        List<Prompt> prompts,
        List<Sequence> sequences,
        BestOf best,
        OutputFormat format,
        int promptLogprobs,
        Delivery delivery) {

    /**
     * @param stream server-sent events instead of one body
     * @param includeUsage a last event with the token counts
     * @param continuousUsage token counts in every event
     */
    record Delivery(boolean stream, boolean includeUsage, boolean continuousUsage) {}

    int promptTokens() {
        return prompts.stream().mapToInt(prompt -> prompt.tokens().length).sum();
    }
}
