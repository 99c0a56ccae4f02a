package io.yuebing.transfer;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Off-heap memory that processes of this host can read in place.
 *
 * <p>What lies in it crosses to another process with one copy, made by the receiver: the owner of a segment copies a
 * write out of the caller's shared memory, a caller copies a read out of the segment's. Nobody writes into the memory of
 * another process, so nothing can arrive late; and the receiver verifies its own copy, so that memory which its owner
 * has meanwhile used for something else is noticed. Only processes of the same user can open it.
 */
public final class SharedMemory implements AutoCloseable {
    private final SharedFile file;
    private final MemorySegment content;

    private SharedMemory(SharedFile file, long bytes) {
        this.file = file;
        this.content = file.content().asSlice(0, bytes);
    }

    /**
     * Takes memory. All its pages exist when this returns, filled with zeros.
     *
     * @param bytes at least 1
     * @throws IOException if this host has no folder for shared memory with so much room
     */
    public static SharedMemory allocate(long bytes) throws IOException {
        if (bytes < 1) {
            throw new IllegalArgumentException("shared memory of " + bytes + " bytes");
        }
        // not in a second folder: one on a disk would be written back all the time
        Path folder = SharedFile.FOLDERS.stream()
                .filter(Files::isDirectory)
                .findFirst()
                .orElseThrow(() -> new IOException("there is no folder for shared memory"));
        return new SharedMemory(SharedFile.create(List.of(folder), Math.ceilDiv(bytes, 4096) * 4096), bytes);
    }

    /** The memory, page-aligned, accessible from any thread. */
    public MemorySegment memory() {
        return content;
    }

    Frame.MemoryOffer offer() {
        return file.offer();
    }

    /** Where {@code piece} begins in it; -1 if it is not all within it. */
    long offsetOf(MemorySegment piece) {
        long offset = piece.address() - content.address();
        return piece.isNative() && offset >= 0 && offset <= content.byteSize() - piece.byteSize() ? offset : -1;
    }

    /** Gives the memory up; peers that have it open keep what it held. */
    @Override
    public void close() throws IOException {
        try {
            file.unlink();
        } finally {
            file.close();
        }
    }
}
