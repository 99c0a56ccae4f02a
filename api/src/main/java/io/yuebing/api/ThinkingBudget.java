package io.yuebing.api;

import java.util.List;

/**
 * How many tokens a model may think before its answer; after them the closing tag is forced.
 *
 * <p>The tags do not count. Thoughts are looked for once, as they stand before the answer.
 *
 * @param tokens most tokens between the tags, at least 0
 * @param opened whether the prompt has opened the thoughts already
 * @param open ids of the opening tag
 * @param close ids of the closing tag, which are forced
 * @param otherEnds ids of what ends thoughts beside the closing tag
 */
public record ThinkingBudget(
        int tokens, boolean opened, List<Integer> open, List<Integer> close, List<List<Integer>> otherEnds) {

    public ThinkingBudget {
        open = List.copyOf(open);
        close = List.copyOf(close);
        otherEnds = otherEnds.stream().map(List::copyOf).toList();
    }

    void validate() {
        if (tokens < 0
                || open.isEmpty()
                || close.isEmpty()
                || otherEnds.stream().anyMatch(List::isEmpty)) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    "thinking_token_budget must be at least 0 with tags of at least one token, got " + this,
                    "thinking_token_budget");
        }
    }
}
