package io.yuebing.transfer.mooncake;

import static io.yuebing.transfer.mooncake.MooncakeDescriptor.STATUS_ADDRESS_REJECTED;
import static io.yuebing.transfer.mooncake.MooncakeDescriptor.STATUS_BYTES;
import static io.yuebing.transfer.mooncake.MooncakeDescriptor.STATUS_MAGIC;
import static io.yuebing.transfer.mooncake.MooncakeDescriptor.STATUS_MAGIC_MASK;
import static io.yuebing.transfer.mooncake.MooncakeDescriptor.STATUS_OK;

import io.yuebing.transfer.PeerAddress;
import io.yuebing.transfer.TransferException;
import io.yuebing.transfer.TransferException.Kind;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/** The calling end of one connection of the data plane; one access at a time. */
final class DataConnection implements AutoCloseable {
    /** Of one system call, so that progress shows on slow links. */
    private static final int STEP_BYTES = 256 << 10;

    private final PeerAddress peer;
    private final SocketChannel channel;
    private final Runnable progress;

    /**
     * @param progress called whenever bytes have moved
     */
    private DataConnection(PeerAddress peer, SocketChannel channel, Runnable progress) {
        this.peer = peer;
        this.channel = channel;
        this.progress = progress;
    }

    /**
     * @param channel not connected; may be closed by another thread at any time
     */
    static DataConnection open(PeerAddress peer, SocketChannel channel, int timeoutMillis, Runnable progress)
            throws IOException {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.socket().connect(new InetSocketAddress(peer.host(), peer.port()), timeoutMillis);
        progress.run();
        return new DataConnection(peer, channel, progress);
    }

    /** Writes and waits for the word that all of it is applied. */
    void writeAcknowledged(long address, MemorySegment from) throws IOException {
        DataRequest request = new DataRequest(from.byteSize(), address, true, true);
        try {
            write(request.encode());
            write(from);
        } catch (IOException e) {
            TransferException refusal = refusalLeftBehind(request);
            throw refusal == null ? e : refusal;
        }
        requireOk(request);
    }

    /**
     * Writes to a peer that acknowledges nothing (version 1), then reads the last byte back: the peer serves one request
     * after the other, so the byte comes when all is applied.
     */
    void writeAndReadBack(long address, MemorySegment from) throws IOException {
        write(new DataRequest(from.byteSize(), address, true, false).encode());
        write(from);
        write(new DataRequest(1, address + from.byteSize() - 1, false, false).encode());
        read(ByteBuffer.allocate(1));
    }

    void read(long address, MemorySegment to, boolean acknowledged) throws IOException {
        DataRequest request = new DataRequest(to.byteSize(), address, false, acknowledged);
        write(request.encode());
        if (acknowledged) {
            requireOk(request);
        }
        for (long at = 0; at < to.byteSize(); at += STEP_BYTES) {
            read(to.asSlice(at, Math.min(STEP_BYTES, to.byteSize() - at)).asByteBuffer());
        }
    }

    private void requireOk(DataRequest request) throws IOException {
        ByteBuffer status = ByteBuffer.allocate(STATUS_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        read(status);
        long code = status.getLong(0);
        if ((code & STATUS_MAGIC_MASK) != STATUS_MAGIC) {
            throw new IOException(
                    "it sent 0x%016x where a status was expected; does it speak version 1?".formatted(code));
        }
        if (code != STATUS_OK) {
            throw refused(request, code);
        }
    }

    /** A peer that refuses a write says so and leaves, while the payload is still under way. */
    private @Nullable TransferException refusalLeftBehind(DataRequest request) {
        ByteBuffer status = ByteBuffer.allocate(STATUS_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        try {
            read(status);
            return status.getLong(0) == STATUS_ADDRESS_REJECTED ? refused(request, STATUS_ADDRESS_REJECTED) : null;
        } catch (IOException _) {
            return null;
        }
    }

    private TransferException refused(DataRequest request, long code) {
        return new TransferException(
                Kind.ACCESS_REFUSED,
                peer + " refused " + request + " (status " + (code & ~STATUS_MAGIC_MASK) + "): "
                        + (code == STATUS_ADDRESS_REJECTED
                                ? "it is not within one of its buffers"
                                : "this release knows only statuses 0 and 1"));
    }

    private void write(MemorySegment from) throws IOException {
        for (long at = 0; at < from.byteSize(); at += STEP_BYTES) {
            write(from.asSlice(at, Math.min(STEP_BYTES, from.byteSize() - at)).asByteBuffer());
        }
    }

    private void write(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
            progress.run();
        }
    }

    private void read(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            if (channel.read(bytes) < 0) {
                throw new EOFException("it ended the connection with " + bytes.remaining() + " bytes outstanding");
            }
            progress.run();
        }
    }

    @Override
    public void close() {
        PeerConnection.closeQuietly(channel);
    }
}
