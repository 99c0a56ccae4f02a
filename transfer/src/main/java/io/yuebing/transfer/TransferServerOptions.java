package io.yuebing.transfer;

import java.time.Duration;
import java.util.List;

/**
 * Where a transfer server listens, with its limits.
 *
 * @param host address to bind
 * @param furtherHosts addresses to bind beside it, on the same port: one for each network card that shares the work
 * @param port port to bind; 0 = any free one
 * @param maxConnections most connections past their handshake; each holds one receive buffer
 * @param maxSliceBytes longest slice taken
 * @param windowBytes most bytes that a peer may have in flight on one connection
 * @param handshakeTimeout until a new connection has introduced itself
 * @param stallTimeout until a frame that has begun is complete, or an answer is taken by the peer
 * @param idleTimeout until a connection without traffic is closed
 * @param security how peers are known
 * @param unchecked whether peers may do without checksums of payloads
 * @param insecure whether to listen beyond loopback without knowing peers
 */
public record TransferServerOptions(
        String host,
        List<String> furtherHosts,
        int port,
        int maxConnections,
        int maxSliceBytes,
        long windowBytes,
        Duration handshakeTimeout,
        Duration stallTimeout,
        Duration idleTimeout,
        TransferSecurity security,
        boolean unchecked,
        boolean insecure) {

    public TransferServerOptions {
        furtherHosts = List.copyOf(furtherHosts);
        if (maxConnections < 1 || maxSliceBytes < 1 || windowBytes < 1) {
            throw new IllegalArgumentException("transfer server limits must be positive: " + maxConnections
                    + " connections, slices of " + maxSliceBytes + " bytes, a window of " + windowBytes + " bytes");
        }
        if (maxSliceBytes > 1 << 30) {
            throw new IllegalArgumentException("slices of " + maxSliceBytes + " bytes; at most 1 GiB is possible");
        }
    }

    /** Loopback only, any free port. */
    public static TransferServerOptions loopback(int maxSliceBytes) {
        return listening("127.0.0.1", 0, maxSliceBytes);
    }

    /** The default limits at another address. */
    public static TransferServerOptions listening(String host, int port, int maxSliceBytes) {
        return new TransferServerOptions(
                host,
                List.of(),
                port,
                256,
                maxSliceBytes,
                16L << 20,
                Duration.ofSeconds(2),
                Duration.ofSeconds(10),
                Duration.ofMinutes(5),
                new TransferSecurity.None(),
                false,
                false);
    }

    public TransferServerOptions withSecurity(TransferSecurity other, boolean insecurely) {
        return new TransferServerOptions(
                host,
                furtherHosts,
                port,
                maxConnections,
                maxSliceBytes,
                windowBytes,
                handshakeTimeout,
                stallTimeout,
                idleTimeout,
                other,
                unchecked,
                insecurely);
    }

    public TransferServerOptions withMaxConnections(int count) {
        return new TransferServerOptions(
                host,
                furtherHosts,
                port,
                count,
                maxSliceBytes,
                windowBytes,
                handshakeTimeout,
                stallTimeout,
                idleTimeout,
                security,
                unchecked,
                insecure);
    }

    public TransferServerOptions withFurtherHosts(List<String> hosts) {
        return new TransferServerOptions(
                host,
                hosts,
                port,
                maxConnections,
                maxSliceBytes,
                windowBytes,
                handshakeTimeout,
                stallTimeout,
                idleTimeout,
                security,
                unchecked,
                insecure);
    }

    public TransferServerOptions withTimeouts(Duration handshake, Duration stall, Duration idle) {
        return new TransferServerOptions(
                host,
                furtherHosts,
                port,
                maxConnections,
                maxSliceBytes,
                windowBytes,
                handshake,
                stall,
                idle,
                security,
                unchecked,
                insecure);
    }

    /** Lets peers do without checksums of payloads if they want to. */
    public TransferServerOptions withUnchecked() {
        return new TransferServerOptions(
                host,
                furtherHosts,
                port,
                maxConnections,
                maxSliceBytes,
                windowBytes,
                handshakeTimeout,
                stallTimeout,
                idleTimeout,
                security,
                true,
                insecure);
    }
}
