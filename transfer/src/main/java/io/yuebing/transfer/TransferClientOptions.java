package io.yuebing.transfer;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Limits of the calling side.
 *
 * @param connectTimeout for connection and handshake together
 * @param stallTimeout a peer that owes an answer for so long is given up
 * @param windowBytes most bytes in flight on one lane; the peer may set less
 * @param lanes connections of one session; there is at least one for each network card that is used
 * @param localAddresses addresses of this host's network cards that share the work; empty to let the system choose
 * @param memory where what is written to peers of this host can be read in place; bytes elsewhere are copied once more
 * @param checksum of payloads; the peer must agree to have none
 * @param security how peers are known; must be what they expect
 */
public record TransferClientOptions(
        Duration connectTimeout,
        Duration stallTimeout,
        long windowBytes,
        int lanes,
        List<InetAddress> localAddresses,
        Optional<SharedMemory> memory,
        Checksum checksum,
        TransferSecurity security) {
    public static final TransferClientOptions DEFAULT = new TransferClientOptions(
            Duration.ofSeconds(2),
            Duration.ofSeconds(10),
            16L << 20,
            1,
            List.of(),
            Optional.empty(),
            Checksum.CRC32C,
            new TransferSecurity.None());

    public TransferClientOptions {
        if (lanes < 1 || lanes > 64) {
            throw new IllegalArgumentException("1 to 64 lanes are possible, not " + lanes);
        }
    }

    public TransferClientOptions withWindowBytes(long bytes) {
        return new TransferClientOptions(
                connectTimeout, stallTimeout, bytes, lanes, localAddresses, memory, checksum, security);
    }

    public TransferClientOptions withLanes(int count) {
        return new TransferClientOptions(
                connectTimeout, stallTimeout, windowBytes, count, localAddresses, memory, checksum, security);
    }

    public TransferClientOptions withLocalAddresses(List<InetAddress> addresses) {
        return new TransferClientOptions(
                connectTimeout, stallTimeout, windowBytes, lanes, addresses, memory, checksum, security);
    }

    public TransferClientOptions withSecurity(TransferSecurity other) {
        return new TransferClientOptions(
                connectTimeout, stallTimeout, windowBytes, lanes, localAddresses, memory, checksum, other);
    }

    public TransferClientOptions withMemory(SharedMemory shared) {
        return new TransferClientOptions(
                connectTimeout,
                stallTimeout,
                windowBytes,
                lanes,
                localAddresses,
                Optional.of(shared),
                checksum,
                security);
    }

    public TransferClientOptions withChecksum(Checksum other) {
        return new TransferClientOptions(
                connectTimeout, stallTimeout, windowBytes, lanes, localAddresses, memory, other, security);
    }
}
