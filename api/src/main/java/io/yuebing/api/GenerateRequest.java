package io.yuebing.api;

import java.util.Arrays;
import java.util.Optional;

/**
 * One sequence to generate: a prompt as token ids with everything that determines its continuation.
 *
 * <p>A client request with {@code n} choices or several prompts becomes several of these. The seed in
 * {@link #sampling()} is always set, so the same request gives the same tokens wherever and however often it runs.
 *
 * @param requestId names the request in logs on every process it touches; never used as a key for memory
 * @param promptTokens the prompt, at least one token
 * @param outputTokens tokens already generated elsewhere, which generation continues: the first token when a decode node
 *     takes over from a prefill node, more after a failover; they count for penalties, {@code max_tokens} and
 *     {@code min_tokens} but are not delivered again
 * @param sampling how tokens are chosen and when to stop
 * @param cacheSalt keeps prefix-cache entries of different tenants apart; enters the hash of the first block
 * @param kvTransfer what becomes of the KV cache; empty = everything happens on one node
 * @param kvLoadFailure what to do if that transfer fails; empty = as the gateway is set
 * @param constraint what the text of the output must be, from the first output token on
 */
@SuppressWarnings("ArrayRecordComponent") // requests are never compared
public record GenerateRequest(
        String requestId,
        int[] promptTokens,
        int[] outputTokens,
        SamplingParams sampling,
        Optional<String> cacheSalt,
        Optional<KvTransfer> kvTransfer,
        Optional<KvLoadFailurePolicy> kvLoadFailure,
        Optional<OutputConstraint> constraint) {

    public GenerateRequest {
        if (promptTokens.length == 0) {
            throw new ServiceException(ErrorCode.INVALID_REQUEST, "prompt must contain at least one token", "prompt");
        }
    }

    /** A request that leaves it to the gateway what a failed transfer leads to. */
    public GenerateRequest(
            String requestId,
            int[] promptTokens,
            int[] outputTokens,
            SamplingParams sampling,
            Optional<String> cacheSalt,
            Optional<KvTransfer> kvTransfer) {
        this(
                requestId,
                promptTokens,
                outputTokens,
                sampling,
                cacheSalt,
                kvTransfer,
                Optional.empty(),
                Optional.empty());
    }

    public static GenerateRequest of(String requestId, int[] promptTokens, SamplingParams sampling) {
        return new GenerateRequest(requestId, promptTokens, new int[0], sampling, Optional.empty(), Optional.empty());
    }

    /** The push that this request is one side of, if it is. */
    public Optional<KvTransferParams> kvPush() {
        return kvTransfer.filter(KvTransferParams.class::isInstance).map(KvTransferParams.class::cast);
    }

    /** Prompt and given output together. */
    public int[] knownTokens() {
        int[] known = Arrays.copyOf(promptTokens, promptTokens.length + outputTokens.length);
        System.arraycopy(outputTokens, 0, known, promptTokens.length, outputTokens.length);
        return known;
    }

    /** The same request with tokens already generated. */
    public GenerateRequest continuing(int... generated) {
        return new GenerateRequest(
                requestId, promptTokens, generated, sampling, cacheSalt, kvTransfer, kvLoadFailure, constraint);
    }

    /** The same request with another way for its KV cache. */
    public GenerateRequest withKvTransfer(Optional<KvTransfer> params) {
        return new GenerateRequest(
                requestId, promptTokens, outputTokens, sampling, cacheSalt, params, kvLoadFailure, constraint);
    }

    /** The same request, sampled in another way. */
    public GenerateRequest withSampling(SamplingParams params) {
        return new GenerateRequest(
                requestId, promptTokens, outputTokens, params, cacheSalt, kvTransfer, kvLoadFailure, constraint);
    }

    /** The same request with a policy of its own for failed transfers. */
    public GenerateRequest withKvLoadFailure(Optional<KvLoadFailurePolicy> policy) {
        return new GenerateRequest(
                requestId, promptTokens, outputTokens, sampling, cacheSalt, kvTransfer, policy, constraint);
    }

    /** The same request with text that must fit. */
    public GenerateRequest withConstraint(Optional<OutputConstraint> wanted) {
        return new GenerateRequest(
                requestId, promptTokens, outputTokens, sampling, cacheSalt, kvTransfer, kvLoadFailure, wanted);
    }
}
