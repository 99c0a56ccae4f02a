package io.yuebing.transfer;

import java.net.InetSocketAddress;
import java.util.Map;

/** The offering side of a {@link TransferProtocol}: lets peers into segments until it is closed. */
public interface TransferServer extends AutoCloseable {

    /** The bound address, as peers give it to {@link Transport#connect}. */
    InetSocketAddress address();

    TransferServerStats stats();

    /** Payload bytes by the peer's host. */
    Map<String, PeerTraffic.Bytes> traffic();

    /** Closes every connection. An access that a guard has admitted is waited for; none follows. */
    @Override
    void close();
}
