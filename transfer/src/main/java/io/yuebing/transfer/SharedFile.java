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
 * A file that processes of one host map.
 *
 * <pre>
 *   0           16            4096
 *   +-----------+-------------+----------------------------------+
 *   | token     | zero        | content                          |
 *   +-----------+-------------+----------------------------------+
 * </pre>
 *
 * Its owner creates it with rights for its own user only, and unlinks it when no further peer is to open it; the token
 * shows a peer that it has opened the right one. Until then the owner holds a lock on the file, which ends with its
 * process: {@link AbandonedFiles} knows by it what a killed process has left. Only the name travels: the folders are the
 * same few on both sides, so that no peer can have another file opened.
 */
final class SharedFile implements AutoCloseable {
    private static final int HEADER_BYTES = 4096;
    static final Pattern NAME = Pattern.compile("yuebing-transfer-[0-9]{1,10}-[0-9a-f-]{36}");
    static final List<Path> FOLDERS = List.of(Path.of("/dev/shm"), Path.of(System.getProperty("java.io.tmpdir")));
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG;

    /**
     * Files that this process has locked. The system ends a process's locks on a file as soon as the process closes any
     * channel to it, so that nobody here may open these only to look at the lock.
     */
    private static final Set<Path> OWNED = ConcurrentHashMap.newKeySet();

    static {
        // a program that is interrupted unwinds nothing
        Runtime.getRuntime()
                .addShutdownHook(Thread.ofPlatform().name("transfer-files").unstarted(SharedFile::removeOwned));
    }

    private final Path file;
    private final @Nullable FileChannel locked;
    private final Arena arena;
    private final MemorySegment mapped;
    private final UUID token;

    private SharedFile(Path file, @Nullable FileChannel locked, Arena arena, MemorySegment mapped, UUID token) {
        this.file = file;
        this.locked = locked;
        this.arena = arena;
        this.mapped = mapped;
        this.token = token;
    }

    /**
     * Creates a file. Its pages exist when this returns: a full file system is found here and not by a fault later.
     *
     * @param folders where it may lie, the best first
     * @param contentBytes a multiple of 4096
     */
    static SharedFile create(List<Path> folders, long contentBytes) throws IOException {
        UUID token = UUID.randomUUID();
        IOException last = new IOException("there is no folder for shared memory");
        for (Path folder : folders) {
            if (Files.isDirectory(folder) && Files.isWritable(folder)) {
                try {
                    SharedFile made = null;
                    while (made == null) {
                        made = create(folder.resolve(newName()), HEADER_BYTES + contentBytes, token);
                    }
                    return made;
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
    @SuppressWarnings("MustBeClosedChecker") // closed when the file is unlinked
    private static @Nullable SharedFile create(Path file, long bytes, UUID token) throws IOException {
        boolean posix = Files.getFileStore(file.getParent()).supportsFileAttributeView("posix");
        FileAttribute<?>[] rights = posix
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
        Set<OpenOption> fresh =
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
        OWNED.add(file);
        SharedFile made = null;
        try {
            FileChannel channel = FileChannel.open(file, fresh, rights);
            try {
                channel.lock();
                if (Files.exists(file)) {
                    made = fill(file, channel, bytes, token);
                }
            } finally {
                if (made == null) {
                    Files.deleteIfExists(file);
                    channel.close();
                }
            }
            return made;
        } finally {
            if (made == null) {
                OWNED.remove(file);
            }
        }
    }

    private static SharedFile fill(Path file, FileChannel channel, long bytes, UUID token) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocateDirect(64 << 10);
        for (long written = 0; written < bytes; ) {
            zeros.clear().limit((int) Math.min(zeros.capacity(), bytes - written));
            written += channel.write(zeros);
        }
        SharedFile made = map(file, channel, channel, MapMode.READ_WRITE, bytes, token);
        made.mapped.set(WORD, 0, token.getMostSignificantBits());
        made.mapped.set(WORD, 8, token.getLeastSignificantBits());
        return made;
    }

    private static void removeOwned() {
        for (Path file : OWNED) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException _) {
                // the next server removes it
            }
        }
    }

    /** Whether this process has made the file and not unlinked it yet. */
    static boolean isOwned(Path file) {
        return OWNED.contains(file);
    }

    /**
     * Maps a file that the peer has created.
     *
     * @param mode {@link MapMode#READ_WRITE}, or {@link MapMode#READ_ONLY} for what only the peer may change
     */
    static SharedFile open(Frame.MemoryOffer offer, MapMode mode) throws IOException {
        if (!NAME.matcher(offer.name()).matches()) {
            throw new IOException("'" + offer.name() + "' is no name of shared memory");
        }
        for (Path folder : FOLDERS) {
            Path file = folder.resolve(offer.name());
            if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                return open(file, offer, mode);
            }
        }
        throw new IOException("there is no file " + offer.name() + " here");
    }

    private static SharedFile open(Path file, Frame.MemoryOffer offer, MapMode mode) throws IOException {
        Set<OpenOption> existing = mode == MapMode.READ_ONLY
                ? Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)
                : Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
        try (FileChannel channel = FileChannel.open(file, existing)) {
            if (channel.size() != offer.bytes() || offer.bytes() <= HEADER_BYTES) {
                throw new IOException(file + " has " + channel.size() + " bytes, expected " + offer.bytes());
            }
            SharedFile opened = map(file, null, channel, mode, offer.bytes(), offer.token());
            UUID found = new UUID(opened.mapped.get(WORD, 0), opened.mapped.get(WORD, 8));
            if (!found.equals(offer.token())) {
                opened.close();
                throw new IOException(file + " is not the memory of this peer");
            }
            return opened;
        }
    }

    @SuppressWarnings("MustBeClosedChecker") // closed with the file
    private static SharedFile map(
            Path file, @Nullable FileChannel locked, FileChannel channel, MapMode mode, long bytes, UUID token)
            throws IOException {
        Arena arena = Arena.ofShared();
        try {
            return new SharedFile(file, locked, arena, channel.map(mode, 0, bytes, arena), token);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    /** How a peer finds it. */
    Frame.MemoryOffer offer() {
        return new Frame.MemoryOffer(file.getFileName().toString(), mapped.byteSize(), token);
    }

    /** What it holds, page-aligned. */
    MemorySegment content() {
        return mapped.asSlice(HEADER_BYTES);
    }

    /** Removes the file, then lets its lock go; what is mapped stays. */
    void unlink() throws IOException {
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
