package io.yuebing.node;

import io.yuebing.connector.KvPuller;
import io.yuebing.connector.KvPusher;
import io.yuebing.connector.KvPusherOptions;
import io.yuebing.connector.KvReceiver;
import io.yuebing.connector.KvReceiverOptions;
import io.yuebing.engine.Engine;
import io.yuebing.transfer.PeerAddress;
import io.yuebing.transfer.TimeSource;
import io.yuebing.transfer.TransferClientOptions;
import io.yuebing.transfer.Transport;

/**
 * A node's ends of all KV transfers: what it offers, what it pushes, what it pulls.
 *
 * @param reachedAt where other nodes reach the transfer port
 */
record NodeTransfers(KvReceiver receiver, KvPusher pusher, KvPuller puller, PeerAddress reachedAt)
        implements AutoCloseable {

    /** @param instanceId names this process start */
    static NodeTransfers start(NodeConfig config, String instanceId, Engine engine) {
        String label = config.role().wireName() + " node " + config.host() + ":" + config.port();
        KvReceiver receiver = KvReceiver.start(
                engine.cache(),
                engine::reserve,
                new KvReceiverOptions(
                        label,
                        instanceId,
                        config.transferHost(),
                        config.transferPort(),
                        config.transferHost(),
                        config.reservationTimeout(),
                        config.reservePatience(),
                        config.maxQueuedSequences() + config.maxSequences(),
                        config.transferProtocol(),
                        config.transferSecurity(),
                        config.insecureTransfer(),
                        config.cards().furtherHosts(),
                        config.transferType()),
                TimeSource.system());
        KvPusherOptions options = KvPusherOptions.defaults(label).withTransferType(config.transferType());
        return new NodeTransfers(
                receiver,
                new KvPusher(engine.cache(), transport(config), options, TimeSource.system()),
                new KvPuller(engine.cache(), transport(config), options),
                config.transferAdvertise().map(NodeTransfers::address).orElseGet(receiver::address));
    }

    private static Transport transport(NodeConfig config) {
        return config.transferProtocol()
                .transport(
                        TransferClientOptions.DEFAULT
                                .withLanes(config.cards().lanes())
                                .withLocalAddresses(config.cards().localAddresses())
                                .withSecurity(config.transferSecurity()),
                        TimeSource.system());
    }

    private static PeerAddress address(String text) {
        int colon = text.lastIndexOf(':');
        return new PeerAddress(text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
    }

    /** Whether something that somebody else waits for is still under way. */
    boolean busy() {
        return receiver.reservationStats().open() > 0 || pusher.stats().active() > 0;
    }

    /** Nobody touches the engine's cache after this returns. */
    @Override
    public void close() {
        puller.close();
        pusher.close();
        receiver.close();
    }
}
