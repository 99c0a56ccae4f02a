package io.yuebing.dialect;

import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PeerInfo;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ListenerContext;
import io.helidon.webserver.ProxyProtocolData;
import io.helidon.webserver.Router;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.function.Supplier;

/**
 * A connection whose bytes pass through something of ours on their way to Helidon.
 *
 * @param input gives the next bytes; waits for them
 * @param dataReader reads from {@code input}
 */
record ReadThrough(ConnectionContext connection, Supplier<byte[]> input, DataReader dataReader)
        implements ConnectionContext {

    static ReadThrough of(ConnectionContext connection, Supplier<byte[]> input) {
        return new ReadThrough(connection, input, DataReader.create(input));
    }

    /** All that has arrived and was not read yet; waits until there is something. */
    static byte[] arrived(DataReader source) {
        source.ensureAvailable();
        return source.readBytes(source.available());
    }

    @Override
    public ListenerContext listenerContext() {
        return connection.listenerContext();
    }

    @Override
    public ExecutorService executor() {
        return connection.executor();
    }

    @Override
    public DataWriter dataWriter() {
        return connection.dataWriter();
    }

    @Override
    public Router router() {
        return connection.router();
    }

    @Override
    public Optional<ProxyProtocolData> proxyProtocolData() {
        return connection.proxyProtocolData();
    }

    @Override
    public HelidonSocket serverSocket() {
        return connection.serverSocket();
    }

    @Override
    public PeerInfo remotePeer() {
        return connection.remotePeer();
    }

    @Override
    public PeerInfo localPeer() {
        return connection.localPeer();
    }

    @Override
    public boolean isSecure() {
        return connection.isSecure();
    }

    @Override
    public String socketId() {
        return connection.socketId();
    }

    @Override
    public String childSocketId() {
        return connection.childSocketId();
    }
}
