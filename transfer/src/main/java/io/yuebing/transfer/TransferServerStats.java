package io.yuebing.transfer;

/**
 * What a transfer server has done since its start.
 *
 * @param connections open now, past their handshake
 * @param handshakes open now, before their handshake
 * @param turnedAway connections that were refused: too many, or the greeting did not fit
 * @param bytesReceived payload bytes of applied writes
 * @param slicesReceived applied writes
 * @param bytesRead payload bytes that peers have read
 * @param slicesRead answered reads
 * @param slicesRefused accesses answered with a NACK, damaged writes included
 * @param checksumFailures damaged payloads
 * @param protocolErrors connections closed because of bytes that are not the protocol
 * @param stalled connections closed because nothing moved
 */
public record TransferServerStats(
        int connections,
        int handshakes,
        long turnedAway,
        long bytesReceived,
        long slicesReceived,
        long bytesRead,
        long slicesRead,
        long slicesRefused,
        long checksumFailures,
        long protocolErrors,
        long stalled) {}
