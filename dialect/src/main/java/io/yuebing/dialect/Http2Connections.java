package io.yuebing.dialect;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PeerInfo;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ListenerContext;
import io.helidon.webserver.ProxyProtocolData;
import io.helidon.webserver.Router;
import io.helidon.webserver.http2.Http2Config;
import io.helidon.webserver.http2.Http2ConnectionSelector;
import io.helidon.webserver.http2.spi.Http2SubProtocolSelector;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;

/**
 * Accepts HTTP/2 connections whose handlers learn that a client is gone.
 *
 * <p>Helidon 4.5 tells a handler neither of a reset stream nor of a closed connection. So each connection reads through
 * an {@link Http2ResetWatch}, and each stream's thread is told its {@link Http2Client} before its handler runs: Helidon
 * asks a sub-protocol selector there whether it wants the stream, which ours uses to look and decline.
 */
final class Http2Connections implements ServerConnectionSelector {
    private final Http2Config config = Http2Config.create();
    private final Http2ConnectionSelector helidon =
            Http2ConnectionSelector.builder().http2Config(config).build();
    private final SlowClients slow;

    Http2Connections(SlowClients slow) {
        this.slow = slow;
    }

    @Override
    public int bytesToIdentifyConnection() {
        return helidon.bytesToIdentifyConnection();
    }

    @Override
    public Support supports(BufferData data) {
        return helidon.supports(data);
    }

    @Override
    public Set<String> supportedApplicationProtocols() {
        return helidon.supportedApplicationProtocols();
    }

    @Override
    public ServerConnection connection(ConnectionContext context) {
        Http2ResetWatch watch = new Http2ResetWatch();
        String host = context.remotePeer().host();
        return Http2ConnectionSelector.builder()
                .http2Config(config)
                .addSubProtocolSelector(
                        (ctx, prologue, headers, writer, streamId, server, client, flow, state, router) -> {
                            ClientConnection.enter(new Http2Client(watch, streamId, slow, host));
                            return Http2SubProtocolSelector.NOT_SUPPORTED;
                        })
                .build()
                .connection(new Watched(context, watched(context.dataReader(), watch)));
    }

    private static DataReader watched(DataReader source, Http2ResetWatch watch) {
        return DataReader.create(() -> {
            try {
                source.ensureAvailable();
                byte[] bytes = source.readBytes(source.available());
                watch.accept(bytes);
                return bytes;
            } catch (RuntimeException endOfFileOrReset) {
                watch.closed();
                throw endOfFileOrReset;
            }
        });
    }

    /** A connection that is read through another reader. */
    private record Watched(ConnectionContext connection, DataReader dataReader) implements ConnectionContext {
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
}
