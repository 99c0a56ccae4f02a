package io.yuebing.cli;

import io.yuebing.api.UserError;
import io.yuebing.transfer.BatchOptions;
import io.yuebing.transfer.Slice;
import io.yuebing.transfer.SliceRead;
import io.yuebing.transfer.SliceWrite;
import io.yuebing.transfer.TransferException;
import io.yuebing.transfer.TransferSession;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;

/** Copies a file into a remote segment, or a range of the segment into a file, piece by piece. */
final class TransferCopy {
    private static final int PIECE_BYTES = 16 << 20;

    private final TransferSession session;
    private final Duration timeout;

    TransferCopy(TransferSession session, Duration timeout) {
        this.session = session;
        this.timeout = timeout;
    }

    /**
     * @throws UserError if the range leaves the segment
     */
    void checkRange(long offset, long length) {
        if (length < 1 || offset > session.segmentBytes() - length) {
            throw new UserError(length + " bytes at offset " + offset + " leave the segment '" + session.segment()
                    + "' of " + session.peer() + ", which has " + session.segmentBytes() + " bytes");
        }
    }

    void write(FileChannel file, long offset, long length) throws IOException {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment piece = arena.allocate(Math.min(PIECE_BYTES, length), 64);
            for (long done = 0; done < length; ) {
                MemorySegment part = piece.asSlice(0, Math.min(piece.byteSize(), length - done));
                ByteBuffer bytes = part.asByteBuffer();
                while (bytes.hasRemaining()) {
                    if (file.read(bytes, done + bytes.position()) < 0) {
                        throw new EOFException("the file became shorter while it was read");
                    }
                }
                carry(part, offset + done, true);
                done += part.byteSize();
            }
        }
    }

    void read(FileChannel file, long offset, long length) throws IOException {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment piece = arena.allocate(Math.min(PIECE_BYTES, length), 64);
            for (long done = 0; done < length; ) {
                MemorySegment part = piece.asSlice(0, Math.min(piece.byteSize(), length - done));
                carry(part, offset + done, false);
                ByteBuffer bytes = part.asByteBuffer();
                while (bytes.hasRemaining()) {
                    file.write(bytes, done + bytes.position());
                }
                done += part.byteSize();
            }
        }
    }

    private void carry(MemorySegment local, long remoteOffset, boolean write) throws TransferException {
        List<Slice> slices = new ArrayList<>();
        for (long at = 0; at < local.byteSize(); ) {
            MemorySegment part = local.asSlice(at, Math.min(session.maxSliceBytes(), local.byteSize() - at));
            slices.add(
                    write
                            ? new SliceWrite(Slice.NO_TICKET, 0, remoteOffset + at, part)
                            : new SliceRead(Slice.NO_TICKET, 0, remoteOffset + at, part));
            at += part.byteSize();
        }
        try {
            session.submit(slices, BatchOptions.within(timeout)).done().join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof TransferException failure) {
                throw failure;
            }
            throw e;
        }
    }
}
