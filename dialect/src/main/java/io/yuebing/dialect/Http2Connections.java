package io.yuebing.dialect;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http2.Http2Config;
import io.helidon.webserver.http2.Http2ConnectionSelector;
import io.helidon.webserver.http2.spi.Http2SubProtocolSelector;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Accepts HTTP/2 connections whose handlers learn that a client is gone, and whose frames have to arrive in good time.
 *
 * <p>Helidon 4.5 tells a handler neither of a reset stream nor of a closed connection. So each connection reads through
 * an {@link Http2Watch}, and each stream's thread is told its {@link Http2Client} before its handler runs: Helidon
 * asks a sub-protocol selector there whether it wants the stream, which ours uses to look and decline.
 */
final class Http2Connections implements ServerConnectionSelector {
    /** Of one connection; a proxy in front that needs more opens another connection. */
    private static final int MAX_STREAMS = 1024;

    private final Http2Config config =
            Http2Config.builder().maxConcurrentStreams(MAX_STREAMS).build();
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
        Http2Watch watch = new Http2Watch();
        String host = context.remotePeer().host();
        return Http2ConnectionSelector.builder()
                .http2Config(config)
                .addSubProtocolSelector(
                        (ctx, prologue, headers, writer, streamId, server, client, flow, state, router) -> {
                            ClientConnection.enter(new Http2Client(watch, streamId, slow, host));
                            return Http2SubProtocolSelector.NOT_SUPPORTED;
                        })
                .build()
                .connection(ReadThrough.of(context, new Input(context.dataReader(), watch, host)));
    }

    /** What a client sends, as long as it finishes what it begins. */
    private final class Input implements Supplier<byte[]> {
        private final DataReader source;
        private final Http2Watch watch;
        private final String host;
        private final SlowClients.Allowance allowance;
        private long finished;

        Input(DataReader source, Http2Watch watch, String host) {
            this.source = source;
            this.watch = watch;
            this.host = host;
            this.allowance = slow.forFrame(host);
        }

        @Override
        public byte[] get() {
            byte[] bytes;
            try {
                bytes = watch.unfinished()
                        ? allowance.read(() -> ReadThrough.arrived(source))
                        : ReadThrough.arrived(source);
            } catch (RuntimeException endOfFileOrReset) {
                watch.closed();
                throw endOfFileOrReset;
            }
            watch.accept(bytes);
            if (watch.flooded()) {
                watch.closed();
                slow.complain(
                        host,
                        "it spreads the headers of a request over more than " + Http2Watch.MAX_HEADER_FRAMES
                                + " frames");
                throw new CloseConnectionException("too many CONTINUATION frames");
            }
            if (watch.finished() != finished) {
                finished = watch.finished();
                allowance.renew();
            }
            return bytes;
        }
    }
}
