package io.yuebing.transfer;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** Bytes within TLS 1.3, where both ends have shown a certificate of the same authorities. */
final class TlsWire implements Wire {
    private static final int CHUNK = 64 << 10;

    private final SocketChannel channel;
    private final InputStream in;
    private final OutputStream out;
    private final byte[] incoming = new byte[CHUNK];
    private final byte[] outgoing = new byte[CHUNK];

    private TlsWire(SocketChannel channel, SSLSocket socket) throws IOException {
        this.channel = channel;
        this.in = socket.getInputStream();
        this.out = socket.getOutputStream();
    }

    /** Shakes hands; whoever wants a deadline closes the channel. */
    static TlsWire over(SocketChannel channel, SSLContext context, boolean caller) throws IOException {
        SSLSocket socket =
                (SSLSocket) context.getSocketFactory().createSocket(channel.socket(), "transfer-peer", 0, true);
        socket.setEnabledProtocols(new String[] {"TLSv1.3"});
        socket.setUseClientMode(caller);
        socket.setNeedClientAuth(!caller);
        socket.startHandshake();
        return new TlsWire(channel, socket);
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        int read = in.read(incoming, 0, Math.min(CHUNK, into.remaining()));
        if (read > 0) {
            into.put(incoming, 0, read);
        }
        return read;
    }

    @Override
    public void write(ByteBuffer... buffers) throws IOException {
        int filled = 0;
        for (ByteBuffer buffer : buffers) {
            while (buffer.hasRemaining()) {
                int part = Math.min(CHUNK - filled, buffer.remaining());
                buffer.get(outgoing, filled, part);
                filled += part;
                if (filled == CHUNK) {
                    out.write(outgoing, 0, filled);
                    filled = 0;
                }
            }
        }
        out.write(outgoing, 0, filled);
    }

    @Override
    public boolean isOpen() {
        return channel.isOpen();
    }

    /** Without a farewell: closing the TLS layer first would wait for a writer that the peer does not read. */
    @Override
    public void close() throws IOException {
        channel.close();
    }
}
