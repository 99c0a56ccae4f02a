package io.yuebing.node;

import java.util.Locale;

/** The ways in which a prompt that another node keeps is computed here all the same; logged at first, counted always. */
enum PullFallback {
    /** Its KV cache could not be had. */
    RECOMPUTED_AFTER_FAILED_PULL,
    /** The request wants log-probabilities of its prompt, which a KV cache does not tell. */
    COMPUTED_FOR_PROMPT_LOGPROBS;

    /** The label value in metrics. */
    String metricName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
