package io.yuebing.api;

import java.util.Locale;

/** Why a sequence ended. */
public enum FinishReason {
    /** End-of-sequence, a stop id or a stop string. */
    STOP,
    /** {@code max_tokens} or the model's context length. */
    LENGTH,
    /** What {@link RepetitionDetection} looks for. */
    REPETITION,
    /** The first token is sampled and the KV cache delivered; a decode node continues. */
    HANDOFF,
    /** Cancelled by the client or by shutdown. */
    ABORT,
    /** The engine failed. */
    ERROR;

    /** The spelling on the wire: {@code stop}, {@code length}, .... */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
