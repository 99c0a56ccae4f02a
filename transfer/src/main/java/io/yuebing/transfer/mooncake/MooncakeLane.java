package io.yuebing.transfer.mooncake;

import io.yuebing.transfer.PeerAddress;
import io.yuebing.transfer.Slice;
import io.yuebing.transfer.SliceRead;
import io.yuebing.transfer.SliceWrite;
import io.yuebing.transfer.TimeSource;
import io.yuebing.transfer.TransferClientOptions;
import io.yuebing.transfer.TransferException;
import io.yuebing.transfer.TransferException.Kind;
import io.yuebing.transfer.mooncake.MooncakeQueue.Task;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One thread of a session, with the connection that it keeps while the peer does. */
final class MooncakeLane {
    private static final long IDLE = Long.MIN_VALUE;
    private static final int COMPARED_BYTES = 256 << 10;

    private final MooncakeSession session;
    private final MooncakeQueue queue;
    private final PeerAddress peer;
    private final SegmentDescriptor descriptor;
    private final TransferClientOptions options;
    private final int number;
    private final TimeSource time;

    private @Nullable DataConnection connection;
    private volatile @Nullable SocketChannel channel;
    private volatile MooncakeQueue.@Nullable Batch carrying;
    private volatile long progressNanos = IDLE;

    /**
     * @param peer the data plane
     */
    MooncakeLane(
            MooncakeSession session,
            MooncakeQueue queue,
            PeerAddress peer,
            SegmentDescriptor descriptor,
            TransferClientOptions options,
            int number,
            TimeSource time) {
        this.session = session;
        this.queue = queue;
        this.peer = peer;
        this.descriptor = descriptor;
        this.options = options;
        this.number = number;
        this.time = time;
    }

    void start() {
        // a platform thread: what it does is copying
        Thread.ofPlatform().daemon().name("mooncake-" + peer + "-" + number).start(this::work);
    }

    private void work() {
        try {
            for (Task task = queue.take(); task != null; task = queue.take()) {
                carrying = task.batch();
                progress();
                TransferException failure = attempt(task);
                progressNanos = IDLE;
                carrying = null;
                // a batch that was given up ends its connection, not the session
                boolean wanted = !queue.failed(task.batch());
                queue.end(task, failure);
                if (failure != null && failure.kind() == Kind.CONNECTION_LOST && wanted) {
                    session.lost(failure);
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            disconnect();
        }
    }

    private @Nullable TransferException attempt(Task task) {
        try {
            switch (task) {
                case Task.Carry(var _, Slice slice) -> carry(slice);
                case Task.Tell(var _, String message) -> session.tell(message);
            }
            return null;
        } catch (TransferException e) {
            disconnect();
            return e;
        } catch (IOException | RuntimeException e) {
            disconnect();
            String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
            return new TransferException(Kind.CONNECTION_LOST, "the connection to " + peer + " was lost: " + why, e);
        }
    }

    /** Cuts a slice where buffers of the peer meet: an access has to lie within one of them. */
    private void carry(Slice slice) throws IOException {
        long bufferStart = 0;
        for (SegmentDescriptor.Buffer buffer : descriptor.buffers()) {
            long from = Math.max(slice.remoteOffset(), bufferStart);
            long to = Math.min(slice.remoteOffset() + slice.length(), bufferStart + buffer.length());
            if (from < to) {
                access(
                        slice,
                        buffer.address() + from - bufferStart,
                        slice.local().asSlice(from - slice.remoteOffset(), to - from));
            }
            bufferStart += buffer.length();
        }
    }

    /** A kept connection may have ended meanwhile; every access may be repeated, so a new one gets a chance. */
    private void access(Slice slice, long address, MemorySegment local) throws IOException {
        boolean kept = connection != null;
        try {
            access(connected(), slice, address, local);
        } catch (TransferException e) {
            throw e;
        } catch (IOException e) {
            disconnect();
            if (!kept || session.ended(carrying)) {
                throw e;
            }
            access(connected(), slice, address, local);
        }
    }

    private void access(DataConnection data, Slice slice, long address, MemorySegment local) throws IOException {
        boolean acknowledged = descriptor.version() >= MooncakeDescriptor.ACKNOWLEDGED_VERSION;
        switch (slice) {
            case SliceRead _ -> data.read(address, local, acknowledged);
            case SliceWrite _ -> {
                if (acknowledged) {
                    data.writeAcknowledged(address, local);
                } else {
                    writeUnacknowledged(data, address, local);
                }
            }
        }
    }

    /** Releases up to 0.3.9 end the connection after one request; then only all of the bytes show that they arrived. */
    private void writeUnacknowledged(DataConnection data, long address, MemorySegment local) throws IOException {
        try {
            data.writeAndReadBack(address, local);
        } catch (IOException e) {
            disconnect();
            if (session.ended(carrying) || !arrived(address, local)) {
                throw e;
            }
        }
    }

    private boolean arrived(long address, MemorySegment local) throws IOException {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment found = arena.allocate(Math.min(COMPARED_BYTES, local.byteSize()));
            for (long at = 0; at < local.byteSize(); at += COMPARED_BYTES) {
                long length = Math.min(COMPARED_BYTES, local.byteSize() - at);
                MemorySegment part = found.asSlice(0, length);
                disconnect();
                connected().read(address + at, part, false);
                if (part.mismatch(local.asSlice(at, length)) >= 0) {
                    return false;
                }
            }
            disconnect();
            return true;
        }
    }

    private DataConnection connected() throws IOException {
        DataConnection kept = connection;
        if (kept != null) {
            return kept;
        }
        SocketChannel fresh = SocketChannel.open();
        channel = fresh;
        try {
            if (session.ended(carrying)) {
                throw new IOException("the batch was given up");
            }
            List<InetAddress> from = options.localAddresses();
            if (!from.isEmpty()) {
                fresh.bind(new InetSocketAddress(from.get(number % from.size()), 0));
            }
            int timeout = (int) options.connectTimeout().toMillis();
            DataConnection opened = DataConnection.open(peer, fresh, timeout, this::progress);
            connection = opened;
            return opened;
        } catch (IOException | RuntimeException e) {
            PeerConnection.closeQuietly(fresh);
            throw e;
        }
    }

    private void disconnect() {
        DataConnection kept = connection;
        connection = null;
        if (kept != null) {
            kept.close();
        }
    }

    private void progress() {
        progressNanos = time.nanoTime();
    }

    /** For how long nothing has moved in an access; negative if there is none. */
    long stalledNanos(long nowNanos) {
        long since = progressNanos;
        return since == IDLE ? -1 : nowNanos - since;
    }

    boolean carries(MooncakeQueue.Batch batch) {
        return carrying == batch;
    }

    /** Breaks off what the lane does; its thread goes on with the next task, over a new connection. */
    void interruptAccess() {
        SocketChannel current = channel;
        if (current != null) {
            PeerConnection.closeQuietly(current);
        }
    }
}
