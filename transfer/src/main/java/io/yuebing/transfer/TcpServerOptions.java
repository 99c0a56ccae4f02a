package io.yuebing.transfer;

import java.time.Duration;

/**
 * Where a transfer server listens, with its limits.
 *
 * @param host address to bind
 * @param port port to bind; 0 = any free one
 * @param maxConnections most connections past their handshake; each holds one receive buffer
 * @param maxSliceBytes longest slice taken
 * @param windowBytes most bytes that a writer may have in flight on one connection
 * @param handshakeTimeout until a new connection has introduced itself
 * @param stallTimeout until a frame that has begun is complete, or an answer is taken by the peer
 * @param idleTimeout until a connection without traffic is closed
 */
public record TcpServerOptions(
        String host,
        int port,
        int maxConnections,
        int maxSliceBytes,
        long windowBytes,
        Duration handshakeTimeout,
        Duration stallTimeout,
        Duration idleTimeout) {

    public TcpServerOptions {
        if (maxConnections < 1 || maxSliceBytes < 1 || windowBytes < 1) {
            throw new IllegalArgumentException("transfer server limits must be positive: " + maxConnections
                    + " connections, slices of " + maxSliceBytes + " bytes, a window of " + windowBytes + " bytes");
        }
        if (maxSliceBytes > 1 << 30) {
            throw new IllegalArgumentException("slices of " + maxSliceBytes + " bytes; at most 1 GiB is possible");
        }
    }

    /** Loopback only, any free port. */
    public static TcpServerOptions loopback(int maxSliceBytes) {
        return listening("127.0.0.1", 0, maxSliceBytes);
    }

    /** The default limits at another address. */
    public static TcpServerOptions listening(String host, int port, int maxSliceBytes) {
        return new TcpServerOptions(
                host,
                port,
                256,
                maxSliceBytes,
                16L << 20,
                Duration.ofSeconds(2),
                Duration.ofSeconds(10),
                Duration.ofMinutes(5));
    }
}
