package io.yuebing.api;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a {@link TokenStream} delivers, in this order: one {@link PromptDone}, any number of {@link Token}s, one
 * {@link Finished}.
 */
public sealed interface GenerateEvent {

    /**
     * The prompt's KV cache is computed.
     *
     * @param cachedTokens prompt tokens that came from a prefix cache
     * @param promptLogprobs for prompt position 1, 2, ...: the actual token with its alternatives; empty unless
     *     {@link SamplingParams#promptLogprobs()} asked for it
     */
    record PromptDone(int cachedTokens, List<SampledToken> promptLogprobs) implements GenerateEvent {}

    /** One more generated token. */
    record Token(SampledToken token) implements GenerateEvent {}

    /**
     * The end; nothing follows.
     *
     * @param reason why
     * @param stopTokenId the id of {@link SamplingParams#stopTokenIds()} that ended it; empty for end-of-sequence
     * @param kept where the prompt's KV cache can be pulled from, if it was to be kept
     */
    record Finished(FinishReason reason, OptionalInt stopTokenId, Optional<KvPull> kept) implements GenerateEvent {
        /** The end of a generation that leaves nothing. */
        public Finished(FinishReason reason, OptionalInt stopTokenId) {
            this(reason, stopTokenId, Optional.empty());
        }
    }
}
