package io.yuebing.connector;

import io.yuebing.kv.KvTransferType;
import io.yuebing.transfer.TransferProtocol;
import io.yuebing.transfer.TransferProtocols;
import io.yuebing.transfer.TransferSecurity;
import java.time.Duration;
import java.util.List;

/**
 * How a node takes in KV cache, and lets others read what it keeps.
 *
 * @param nodeName name for people in errors of both sides, for example {@code decode node 127.0.0.1:8200}
 * @param engineId names this process start to those who pull from it
 * @param bindHost address to listen at
 * @param bindPort port to listen at; 0 = any free one
 * @param advertisedHost where prefill nodes reach {@code bindHost}
 * @param lease how long a reservation lives without being taken, and a kept prompt without being read
 * @param patience how long a request for blocks waits for room
 * @param maxReservations most reservations open at a time
 * @param protocol how KV cache is taken in
 * @param security how prefill nodes are known
 * @param insecure whether to listen beyond loopback without knowing them
 * @param furtherHosts addresses to listen at beside {@code bindHost}, one for each network card that shares the work
 * @param transferType what the elements of blocks are on their way; the same on both sides
 */
public record KvReceiverOptions(
        String nodeName,
        String engineId,
        String bindHost,
        int bindPort,
        String advertisedHost,
        Duration lease,
        Duration patience,
        int maxReservations,
        TransferProtocol protocol,
        TransferSecurity security,
        boolean insecure,
        List<String> furtherHosts,
        KvTransferType transferType) {

    public KvReceiverOptions {
        furtherHosts = List.copyOf(furtherHosts);
    }

    /** Listens at one address. */
    public KvReceiverOptions(
            String nodeName,
            String engineId,
            String bindHost,
            int bindPort,
            String advertisedHost,
            Duration lease,
            Duration patience,
            int maxReservations,
            TransferProtocol protocol,
            TransferSecurity security,
            boolean insecure) {
        this(
                nodeName,
                engineId,
                bindHost,
                bindPort,
                advertisedHost,
                lease,
                patience,
                maxReservations,
                protocol,
                security,
                insecure,
                List.of(),
                KvTransferType.AUTO);
    }

    public KvReceiverOptions withTransferType(KvTransferType type) {
        return new KvReceiverOptions(
                nodeName,
                engineId,
                bindHost,
                bindPort,
                advertisedHost,
                lease,
                patience,
                maxReservations,
                protocol,
                security,
                insecure,
                furtherHosts,
                type);
    }

    /** Loopback, any free port, a lease of a minute. */
    public static KvReceiverOptions loopback(String nodeName) {
        return new KvReceiverOptions(
                nodeName,
                nodeName,
                "127.0.0.1",
                0,
                "127.0.0.1",
                Duration.ofMinutes(1),
                Duration.ofSeconds(5),
                4096,
                TransferProtocols.AUTO,
                new TransferSecurity.None(),
                false);
    }
}
