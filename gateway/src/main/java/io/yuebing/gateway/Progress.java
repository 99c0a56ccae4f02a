package io.yuebing.gateway;

import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.SamplingParams;
import java.util.Arrays;

/**
 * What the client of one request has been given so far: all that another node needs to continue the same stream.
 *
 * <p>The random number of a position depends on seed and position alone, and penalties, {@code min_tokens} and
 * {@code max_tokens} are computed from the output tokens that a request brings along; so the rest is the same, token for
 * token, wherever it is generated.
 */
final class Progress {
    private final GenerateRequest request;
    private int[] tokens = new int[16];
    private int count;
    private boolean promptDelivered;

    Progress(GenerateRequest request) {
        this.request = request;
    }

    void delivered(GenerateEvent event) {
        switch (event) {
            case GenerateEvent.PromptDone prompt -> promptDelivered = true;
            case GenerateEvent.Token token -> {
                if (count == tokens.length) {
                    tokens = Arrays.copyOf(tokens, 2 * count);
                }
                tokens[count++] = token.token().id();
            }
            case GenerateEvent.Finished finished -> {}
        }
    }

    boolean promptDelivered() {
        return promptDelivered;
    }

    /** Whether the client has seen anything that cannot be taken back. */
    boolean started() {
        return promptDelivered || count > 0;
    }

    /** Number of tokens delivered. */
    int tokens() {
        return count;
    }

    /** Tokens whose keys and values are needed to sample the next one. */
    int contextLength() {
        return request.promptTokens().length + request.outputTokens().length + count;
    }

    /** The request for what is left. Log-probabilities of the prompt are asked for once only. */
    GenerateRequest rest() {
        SamplingParams sampling = request.sampling();
        boolean scored = promptDelivered && sampling.promptLogprobs() >= 0 && sampling.maxTokens() > 0;
        GenerateRequest rest = scored
                ? request.withSampling(sampling.toBuilder().promptLogprobs(-1).build())
                : request;
        if (count == 0) {
            return rest;
        }
        int before = request.outputTokens().length;
        int[] outputs = Arrays.copyOf(request.outputTokens(), before + count);
        System.arraycopy(tokens, 0, outputs, before, count);
        return rest.continuing(outputs);
    }
}
