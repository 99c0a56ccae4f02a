package io.yuebing.transfer;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Memory that two processes of one host share: a file that both map and nobody sees for longer than a handshake.
 *
 * <pre>
 *   0           16            4096
 *   +-----------+-------------+----------------------------------+
 *   | token     | zero        | payloads, see RingSpace          |
 *   +-----------+-------------+----------------------------------+
 * </pre>
 *
 * The owner of the segment creates it with rights for its own user only, and unlinks it when the peer has it open; the
 * token shows the peer that it has opened the right one. Until then the owner holds a lock on the file, which ends with
 * its process: {@link AbandonedRings} knows by it what a killed process has left. Only the name travels: the folders are the same few on both
 * sides, so that no peer can have another file opened.
 */
final class RingFile implements OfferedRing, ReachedRing {
    private static final int HEADER_BYTES = 4096;
    static final Pattern NAME = Pattern.compile("yuebing-transfer-[0-9]{1,10}-[0-9a-f-]{36}");
    static final List<Path> FOLDERS = List.of(Path.of("/dev/shm"), Path.of(System.getProperty("java.io.tmpdir")));
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG;

    /**
     * Files that this process has locked. The system ends a process's locks on a file as soon as the process closes any
     * channel to it, so that nobody here may open these only to look at the lock.
     */
    private static final Set<Path> OWNED = ConcurrentHashMap.newKeySet();

    private final Path file;
    private final @Nullable FileChannel locked;
    private final Arena arena;
    private final MemorySegment mapped;
    private final UUID token;

    private RingFile(Path file, @Nullable FileChannel locked, Arena arena, MemorySegment mapped, UUID token) {
        this.file = file;
        this.locked = locked;
        this.arena = arena;
        this.mapped = mapped;
        this.token = token;
    }

    /**
     * Creates a ring. Its pages exist when this returns: a full file system is found here and not by a fault later.
     *
     * @param payloadBytes a multiple of 4096
     */
    static RingFile create(long payloadBytes) throws IOException {
        UUID token = UUID.randomUUID();
        IOException last = new IOException("there is no folder for shared memory");
        for (Path folder : FOLDERS) {
            if (Files.isDirectory(folder) && Files.isWritable(folder)) {
                try {
                    RingFile ring = null;
                    while (ring == null) {
                        ring = create(folder.resolve(newName()), HEADER_BYTES + payloadBytes, token);
                    }
                    return ring;
                } catch (IOException e) {
                    last = e;
                }
            }
        }
        throw last;
    }

    private static String newName() {
        return "yuebing-transfer-" + ProcessHandle.current().pid() + "-" + UUID.randomUUID();
    }

    /** Returns null if another process took the file for an abandoned one before it was locked. */
    @SuppressWarnings("MustBeClosedChecker") // the ring closes the channel when the file is unlinked
    private static @Nullable RingFile create(Path file, long bytes, UUID token) throws IOException {
        boolean posix = Files.getFileStore(file.getParent()).supportsFileAttributeView("posix");
        FileAttribute<?>[] rights = posix
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
        Set<OpenOption> fresh =
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
        OWNED.add(file);
        RingFile ring = null;
        try {
            FileChannel channel = FileChannel.open(file, fresh, rights);
            try {
                channel.lock();
                if (Files.exists(file)) {
                    ring = fill(file, channel, bytes, token);
                }
            } finally {
                if (ring == null) {
                    Files.deleteIfExists(file);
                    channel.close();
                }
            }
            return ring;
        } finally {
            if (ring == null) {
                OWNED.remove(file);
            }
        }
    }

    private static RingFile fill(Path file, FileChannel channel, long bytes, UUID token) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocateDirect(64 << 10);
        for (long written = 0; written < bytes; ) {
            zeros.clear().limit((int) Math.min(zeros.capacity(), bytes - written));
            written += channel.write(zeros);
        }
        RingFile ring = map(file, channel, channel, bytes, token);
        ring.mapped.set(WORD, 0, token.getMostSignificantBits());
        ring.mapped.set(WORD, 8, token.getLeastSignificantBits());
        return ring;
    }

    /** Whether this process has made the file and not unlinked it yet. */
    static boolean isOwned(Path file) {
        return OWNED.contains(file);
    }

    /** Maps a ring that the peer has created. */
    static RingFile open(Frame.RingOffer offer) throws IOException {
        if (!NAME.matcher(offer.name()).matches()) {
            throw new IOException("'" + offer.name() + "' is no name of a ring");
        }
        for (Path folder : FOLDERS) {
            Path file = folder.resolve(offer.name());
            if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                return open(file, offer);
            }
        }
        throw new IOException("there is no file " + offer.name() + " here");
    }

    private static RingFile open(Path file, Frame.RingOffer offer) throws IOException {
        Set<OpenOption> existing = Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
        try (FileChannel channel = FileChannel.open(file, existing)) {
            if (channel.size() != offer.bytes() || offer.bytes() <= HEADER_BYTES) {
                throw new IOException(file + " has " + channel.size() + " bytes, expected " + offer.bytes());
            }
            RingFile ring = map(file, null, channel, offer.bytes(), offer.token());
            UUID found = new UUID(ring.mapped.get(WORD, 0), ring.mapped.get(WORD, 8));
            if (!found.equals(offer.token())) {
                ring.close();
                throw new IOException(file + " is not the ring of this connection");
            }
            return ring;
        }
    }

    @SuppressWarnings("MustBeClosedChecker") // the ring closes its arena
    private static RingFile map(Path file, @Nullable FileChannel locked, FileChannel channel, long bytes, UUID token)
            throws IOException {
        Arena arena = Arena.ofShared();
        try {
            return new RingFile(file, locked, arena, channel.map(MapMode.READ_WRITE, 0, bytes, arena), token);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    @Override
    public Frame.RingOffer offer() {
        return new Frame.RingOffer(file.getFileName().toString(), mapped.byteSize(), token);
    }

    @Override
    public MemorySegment payloads() {
        return mapped.asSlice(HEADER_BYTES);
    }

    @Override
    public boolean verifiableInPlace() {
        return true;
    }

    @Override
    public long payloadBytes() {
        return mapped.byteSize() - HEADER_BYTES;
    }

    @Override
    public int put(long offset, MemorySegment from) {
        MemorySegment place = mapped.asSlice(HEADER_BYTES + offset, from.byteSize());
        place.copyFrom(from);
        // of the copy: it is in the cache now, and it is what the peer reads
        return FrameDescriptor.crc32c(place.asByteBuffer());
    }

    @Override
    public void settle() {
        // what is put is there
    }

    @Override
    public MemorySegment fetch(long offset, int length) {
        return mapped.asSlice(HEADER_BYTES + offset, length);
    }

    @Override
    public void abandon() {
        // nobody waits
    }

    /** Removes the file, then lets its lock go; what is mapped stays. */
    @Override
    public void unlink() throws IOException {
        try (FileChannel _ = locked) {
            Files.deleteIfExists(file);
        } finally {
            OWNED.remove(file);
        }
    }

    /** Ends the mapping. */
    @Override
    public void close() {
        arena.close();
    }
}
