package io.yuebing.transfer;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel.MapMode;

/** A ring in shared memory: a {@link SharedFile} that nobody sees for longer than a handshake. */
final class RingFile implements OfferedRing, ReachedRing {
    private final SharedFile file;
    private final MemorySegment payloads;

    private RingFile(SharedFile file) {
        this.file = file;
        this.payloads = file.content();
    }

    /**
     * Creates a ring. Its pages exist when this returns.
     *
     * @param payloadBytes a multiple of 4096
     */
    static RingFile create(long payloadBytes) throws IOException {
        return new RingFile(SharedFile.create(SharedFile.FOLDERS, payloadBytes));
    }

    /** Maps a ring that the peer has created. */
    static RingFile open(Frame.MemoryOffer offer) throws IOException {
        return new RingFile(SharedFile.open(offer, MapMode.READ_WRITE));
    }

    @Override
    public Frame.MemoryOffer offer() {
        return file.offer();
    }

    @Override
    public MemorySegment payloads() {
        return payloads;
    }

    @Override
    public long payloadBytes() {
        return payloads.byteSize();
    }

    @Override
    public int put(long offset, MemorySegment from, Checksum checksum) {
        return checksum.copy(from, payloads.asSlice(offset, from.byteSize()), true);
    }

    @Override
    public void settle() {
        // what is put is there
    }

    @Override
    public MemorySegment fetch(long offset, int length) {
        return payloads.asSlice(offset, length);
    }

    @Override
    public void abandon() {
        // nobody waits
    }

    @Override
    public void unlink() throws IOException {
        file.unlink();
    }

    @Override
    public void close() {
        file.close();
    }
}
