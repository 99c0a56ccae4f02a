package io.yuebing.connector;

import io.yuebing.kv.KvTransferType;
import java.time.Duration;

/**
 * How a prefill node sends KV cache.
 *
 * @param nodeName name for people in errors of both sides, for example {@code prefill node 127.0.0.1:8100}
 * @param connectAttempts how often a decode node is tried before a push fails
 * @param connectBackoff pause before the second attempt; doubles for each further one
 * @param sliceAttempts how often a part of a push is sent, over new connections if need be, before the push fails
 * @param maxOutstandingBytes most bytes of one push that are handed to its connection and not acknowledged
 * @param transferType what the elements are on their way; the same on both sides
 */
public record KvPusherOptions(
        String nodeName,
        int connectAttempts,
        Duration connectBackoff,
        int sliceAttempts,
        long maxOutstandingBytes,
        KvTransferType transferType) {

    /** Three attempts within half a second to connect, four to deliver, 32 MiB outstanding. */
    public static KvPusherOptions defaults(String nodeName) {
        return new KvPusherOptions(nodeName, 3, Duration.ofMillis(100), 4, 32L << 20, KvTransferType.AUTO);
    }

    public KvPusherOptions withTransferType(KvTransferType type) {
        return new KvPusherOptions(nodeName, connectAttempts, connectBackoff, sliceAttempts, maxOutstandingBytes, type);
    }
}
