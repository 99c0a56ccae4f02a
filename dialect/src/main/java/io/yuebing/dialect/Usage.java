package io.yuebing.dialect;

import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.OptionalLong;
import tools.jackson.databind.node.ObjectNode;

/**
 * Counts the tokens of one client request.
 *
 * <p>A prompt counts once however many choices continue it; its cached tokens are the fewest that one of them found,
 * since the others may find what that one has left.
 */
final class Usage {
    private final int promptTokens;
    private final boolean tellsThoughts;
    private final IdentityHashMap<int[], Integer> cached = new IdentityHashMap<>();
    private final Map<Integer, Integer> generated = new HashMap<>();
    private int reasoned;
    private long firstTokenNanos = Long.MAX_VALUE;

    /** @param tellsThoughts whether tokens of thoughts are told apart */
    Usage(int promptTokens, boolean tellsThoughts) {
        this.promptTokens = promptTokens;
        this.tellsThoughts = tellsThoughts;
    }

    void add(ChoiceEvent event) {
        switch (event) {
            case ChoiceEvent.Started started ->
                cached.merge(started.sequence().prompt().tokens(), started.cachedTokens(), Math::min);
            case ChoiceEvent.Delta delta -> generated.put(delta.sequence().index(), delta.generated());
            case ChoiceEvent.Ended ended -> {
                generated.put(ended.sequence().index(), ended.generated());
                reasoned += ended.reasoned();
                if (ended.generated() > 0) {
                    firstTokenNanos = Math.min(firstTokenNanos, ended.firstTokenNanos());
                }
            }
        }
    }

    int completionTokens() {
        return generated.values().stream().mapToInt(Integer::intValue).sum();
    }

    /** Milliseconds to the first token of any choice that has ended. */
    OptionalLong firstTokenMillis() {
        return firstTokenNanos == Long.MAX_VALUE ? OptionalLong.empty() : OptionalLong.of(firstTokenNanos / 1_000_000);
    }

    int promptTokens() {
        return promptTokens;
    }

    ObjectNode json() {
        int completion = completionTokens();
        ObjectNode usage = Json.object()
                .put("prompt_tokens", promptTokens)
                .put("total_tokens", promptTokens + completion)
                .put("completion_tokens", completion);
        usage.putObject("prompt_tokens_details")
                .put(
                        "cached_tokens",
                        cached.values().stream().mapToInt(Integer::intValue).sum());
        if (tellsThoughts) {
            usage.putObject("completion_tokens_details").put("reasoning_tokens", reasoned);
        }
        return usage;
    }
}
