package io.yuebing.transfer;

/** The calling side of a {@link TransferProtocol}: a way to reach remote segments. */
public interface Transport extends AutoCloseable {

    /** Name in flags, metrics and logs, for example {@code tcp}. */
    String name();

    /**
     * Opens a session with one segment of a peer. Waits no longer than the transport's connect timeout.
     *
     * @param segment name of the segment; empty if the peer offers only one
     * @param greeting exchanged with the peer; either side may refuse
     * @throws TransferException of kind {@code CONNECT_FAILED} or {@code HANDSHAKE_REFUSED}
     */
    TransferSession connect(PeerAddress peer, String segment, Greeting greeting) throws TransferException;

    /** Closes all sessions. */
    @Override
    void close();
}
