package io.yuebing.transfer.mooncake;

import static io.yuebing.transfer.mooncake.MooncakeDescriptor.HEADER_BYTES;
import static io.yuebing.transfer.mooncake.MooncakeDescriptor.STATUS_ADDRESS_REJECTED;
import static io.yuebing.transfer.mooncake.MooncakeDescriptor.STATUS_BYTES;
import static io.yuebing.transfer.mooncake.MooncakeDescriptor.STATUS_OK;

import io.yuebing.transfer.IncomingSlice;
import io.yuebing.transfer.PeerComplaints;
import io.yuebing.transfer.ReadGuard;
import io.yuebing.transfer.Refusal;
import io.yuebing.transfer.Slice;
import io.yuebing.transfer.TransferServerOptions;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The offering end of the data plane.
 *
 * <p>The whole range of a request is checked before the first byte is touched. A write is applied piece by piece, each piece
 * when it is complete in the receive buffer; a peer that breaks off leaves the pieces before. An acknowledgement follows
 * the last piece.
 */
final class DataService implements PeerListener.Service {
    private static final int MAX_PIECE_BYTES = 256 << 10;

    private final AddressSpace addresses;
    private final TransferServerOptions options;
    private final MooncakeCounters counters;
    private final PeerComplaints complaints;

    DataService(
            AddressSpace addresses,
            TransferServerOptions options,
            MooncakeCounters counters,
            PeerComplaints complaints) {
        this.addresses = addresses;
        this.options = options;
        this.counters = counters;
        this.complaints = complaints;
    }

    @Override
    public void serve(PeerConnection connection) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
        try (Receiving receiving = new Receiving(options.maxSliceBytes())) {
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
                if (!answer(connection, request.get(), receiving)) {
                    return;
                }
            }
        }
    }

    /** False if the connection has to end. */
    private boolean answer(PeerConnection connection, DataRequest request, Receiving receiving) throws IOException {
        Optional<AddressSpace.Place> place = addresses.find(request.address(), request.size());
        if (place.isEmpty()) {
            return refuse(connection, request, "outside every buffer that this process offers");
        }
        return request.write()
                ? write(connection, request, place.get(), receiving)
                : read(connection, request, place.get());
    }

    private boolean write(PeerConnection connection, DataRequest request, AddressSpace.Place place, Receiving receiving)
            throws IOException {
        long done = 0;
        while (done < request.size()) {
            ByteBuffer piece = receiving.piece(request.size() - done);
            int length = piece.remaining();
            while (piece.hasRemaining()) {
                connection.allow(options.stallTimeout());
                if (connection.read(piece) < 0) {
                    throw new EOFException("the peer left after " + (done + piece.position()) + " bytes of " + request);
                }
            }
            Optional<Refusal> refusal = place.segment()
                    .writes()
                    .apply(
                            slice(place.offset() + done, length),
                            MemorySegment.ofBuffer(piece.flip()),
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
                            connection.write(status(STATUS_OK));
                        }
                        connection.write(bytes.asByteBuffer());
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

    /** One connection's receive buffer, allocated when the first write comes. */
    private static final class Receiving implements AutoCloseable {
        private final int capacity;
        private final Arena arena = Arena.ofShared();
        private @Nullable ByteBuffer buffer;

        private Receiving(int maxSliceBytes) {
            this.capacity = Math.min(maxSliceBytes, MAX_PIECE_BYTES);
        }

        private ByteBuffer piece(long wanted) {
            ByteBuffer bytes = buffer;
            if (bytes == null) {
                bytes = arena.allocate(capacity, 64).asByteBuffer();
                buffer = bytes;
            }
            return bytes.clear().limit((int) Math.min(wanted, capacity));
        }

        @Override
        public void close() {
            arena.close();
        }
    }
}
