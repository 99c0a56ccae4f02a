package io.yuebing.api;

import java.util.Locale;

/**
 * What happens to a request whose KV cache could not be transferred: vLLM's {@code kv_load_failure_policy}.
 */
public enum KvLoadFailurePolicy {
    /** The request fails with an error that names the transfer. */
    FAIL,
    /** The decode node computes the prompt itself. */
    RECOMPUTE;

    /** The spelling in flags and JSON: {@code fail}, {@code recompute}. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Reads {@link #wireName()}.
     *
     * @throws ServiceException {@link ErrorCode#INVALID_REQUEST} naming {@code field}
     */
    public static KvLoadFailurePolicy parse(String name, String field) {
        for (KvLoadFailurePolicy policy : values()) {
            if (policy.wireName().equals(name)) {
                return policy;
            }
        }
        throw new ServiceException(
                ErrorCode.INVALID_REQUEST, field + " must be fail or recompute, got '" + name + "'", field);
    }
}
