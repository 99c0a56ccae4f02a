package io.yuebing.transfer.mooncake;

import static io.yuebing.transfer.mooncake.MooncakeDescriptor.HEADER_BYTES;
import static io.yuebing.transfer.mooncake.MooncakeDescriptor.STATUS_ADDRESS_REJECTED;
import static io.yuebing.transfer.mooncake.MooncakeDescriptor.STATUS_BYTES;
import static io.yuebing.transfer.mooncake.MooncakeDescriptor.STATUS_OK;

import io.yuebing.transfer.IncomingSlice;
import io.yuebing.transfer.Payload;
import io.yuebing.transfer.PeerComplaints;
import io.yuebing.transfer.ReadGuard;
import io.yuebing.transfer.Refusal;
import io.yuebing.transfer.Slice;
import io.yuebing.transfer.TimeSource;
import io.yuebing.transfer.TransferServerOptions;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.locks.LockSupport;

/**
 * The offering end of the data plane.
 *
 * <p>The whole range of a request is checked before the first byte is touched. A write is applied piece by piece, each piece
 * when it is complete in the receive buffer, which it has to be in good time; a peer that breaks off leaves the pieces
 * before. An acknowledgement follows the last piece.
 */
final class DataService implements PeerListener.Service {
    private static final int MAX_PIECE_BYTES = 256 << 10;
    /** Kept for other connections: Mooncake's processes make one for every slice, and a new buffer costs more than the slice. */
    private static final int SPARE_BUFFERS = 64;

    /** How long a read waits for a write of another connection that does not go on. */
    private static final Duration SILENT_WRITE_PATIENCE = Duration.ofSeconds(1);

    private static final Duration SILENT_WRITE_CHECK = Duration.ofNanos(20_000);

    private final AddressSpace addresses;
    private final TransferServerOptions options;
    private final MooncakeCounters counters;
    private final PeerComplaints complaints;
    private final TimeSource time;
    private final ArrayBlockingQueue<ByteBuffer> buffers = new ArrayBlockingQueue<>(SPARE_BUFFERS);

    DataService(
            AddressSpace addresses,
            TransferServerOptions options,
            MooncakeCounters counters,
            PeerComplaints complaints,
            TimeSource time) {
        this.addresses = addresses;
        this.options = options;
        this.counters = counters;
        this.complaints = complaints;
        this.time = time;
    }

    @Override
    public void serve(PeerConnection connection, Iterable<PeerConnection> earlier) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
        while (connection.readRequest(header.clear(), options.idleTimeout(), options.stallTimeout())) {
            header.flip();
            Optional<DataRequest> request = DataRequest.decode(header);
            if (request.isEmpty()) {
                counters.protocolErrors.increment();
                complaints.log(
                        connection.peerHost(),
                        "sent a request with opcode 0x%02x, expected 0x00, 0x01, 0x80 or 0x81; disconnected"
                                .formatted(DataRequest.opcode(header)));
                return;
            }
            if (!request.get().write() || request.get().acknowledged()) {
                connection.answersItsEnd();
            }
            if (!request.get().write() && !request.get().acknowledged()) {
                awaitSilentWrites(earlier);
            }
            if (!answer(connection, request.get())) {
                return;
            }
        }
    }

    /**
     * A process of version 1 takes a write for done when its last byte is on the way, and may read it back on a connection of
     * its own at once: writes that arrived before such a read are applied before it.
     */
    private void awaitSilentWrites(Iterable<PeerConnection> earlier) {
        long end = time.nanoTime() + SILENT_WRITE_PATIENCE.toNanos();
        for (PeerConnection other : earlier) {
            while (other.owesSilentWrite(SILENT_WRITE_PATIENCE) && time.nanoTime() < end) {
                LockSupport.parkNanos(SILENT_WRITE_CHECK.toNanos());
            }
        }
    }

    /** False if the connection has to end. */
    private boolean answer(PeerConnection connection, DataRequest request) throws IOException {
        Optional<AddressSpace.Place> place = addresses.find(request.address(), request.size());
        if (place.isEmpty()) {
            return refuse(connection, request, "outside every buffer that this process offers");
        }
        if (!request.write()) {
            return read(connection, request, place.get());
        }
        ByteBuffer receiving = buffers.poll();
        if (receiving == null) {
            receiving = ByteBuffer.allocateDirect(Math.min(options.maxSliceBytes(), MAX_PIECE_BYTES));
        }
        try {
            return write(connection, request, place.get(), receiving);
        } finally {
            buffers.offer(receiving);
        }
    }

    private boolean write(PeerConnection connection, DataRequest request, AddressSpace.Place place, ByteBuffer piece)
            throws IOException {
        long done = 0;
        while (done < request.size()) {
            int length = (int) Math.min(request.size() - done, piece.capacity());
            piece.clear().limit(length);
            connection.allow(options.stallTimeout());
            while (piece.hasRemaining()) {
                if (connection.read(piece) < 0) {
                    throw new EOFException("the peer left after " + (done + piece.position()) + " bytes of " + request);
                }
            }
            Optional<Refusal> refusal = place.segment()
                    .writes()
                    .apply(
                            slice(place.offset() + done, length),
                            Payload.of(MemorySegment.ofBuffer(piece.flip())),
                            place.segment().memory());
            if (refusal.isPresent()) {
                return refuse(connection, request, refusal.get().sentence());
            }
            done += length;
        }
        counters.slicesReceived.increment();
        counters.bytesReceived.add(done);
        counters.traffic.received(connection.peerHost(), done);
        if (request.acknowledged()) {
            connection.allow(options.stallTimeout());
            connection.write(status(STATUS_OK));
        }
        return true;
    }

    private boolean read(PeerConnection connection, DataRequest request, AddressSpace.Place place) throws IOException {
        long done = 0;
        while (done < request.size()) {
            int length = (int) Math.min(request.size() - done, MAX_PIECE_BYTES);
            ReadGuard.Answer answer = place.segment()
                    .reads()
                    .open(slice(place.offset() + done, length), place.segment().memory());
            switch (answer) {
                case ReadGuard.Refused(Refusal refusal) -> {
                    // between the pieces of an answer there is no room for a status
                    return done == 0 && refuse(connection, request, refusal.sentence());
                }
                case ReadGuard.Granted(MemorySegment bytes, Runnable end) -> {
                    try {
                        connection.allow(options.stallTimeout());
                        if (done == 0 && request.acknowledged()) {
                            connection.write(status(STATUS_OK), bytes.asByteBuffer());
                        } else {
                            connection.write(bytes.asByteBuffer());
                        }
                    } finally {
                        end.run();
                    }
                }
            }
            done += length;
        }
        counters.slicesRead.increment();
        counters.bytesRead.add(done);
        counters.traffic.sent(connection.peerHost(), done);
        return true;
    }

    private boolean refuse(PeerConnection connection, DataRequest request, String why) throws IOException {
        counters.slicesRefused.increment();
        complaints.log(connection.peerHost(), "was refused " + request + ": " + why + "; disconnected");
        if (request.acknowledged()) {
            connection.allow(options.stallTimeout());
            connection.write(status(STATUS_ADDRESS_REJECTED));
            connection.partAfterAnswer(options.handshakeTimeout());
        }
        return false;
    }

    private static IncomingSlice slice(long offset, int length) {
        return new IncomingSlice(Slice.NO_TICKET, 0, offset, length);
    }

    static ByteBuffer status(long code) {
        return ByteBuffer.allocate(STATUS_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(code)
                .flip();
    }
}
