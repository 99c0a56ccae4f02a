package io.yuebing.transfer;

import java.time.Duration;

/**
 * Limits of the writing side.
 *
 * @param connectTimeout for connection and handshake together
 * @param stallTimeout a peer that owes an acknowledgement for so long is given up
 * @param windowBytes most bytes in flight on one connection; the peer may set less
 */
public record TcpClientOptions(Duration connectTimeout, Duration stallTimeout, long windowBytes) {
    public static final TcpClientOptions DEFAULT =
            new TcpClientOptions(Duration.ofSeconds(2), Duration.ofSeconds(10), 16L << 20);
}
