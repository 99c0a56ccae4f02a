package io.yuebing.model.weights;

import io.yuebing.kernels.Linears;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps repacked weights on disk, one file for each model and way of computing, so that the next start reads them instead
 * of repacking.
 *
 * <p>A file is found by what its weights were made of: the model's fingerprint, size and time of each source file, and
 * the version of the packing. It appears under its name when it is complete. Beyond the limit the files that were not
 * used for longest go. Whatever goes wrong here costs time only.
 */
public final class WeightCache {
    private static final Logger LOG = LoggerFactory.getLogger(WeightCache.class);
    private static final String SUFFIX = ".weights";
    private static final String TEMPORARY = ".tmp";

    /** Raised when {@link PackedFile} changes. */
    private static final int FILE_VERSION = 1;

    /** Below this, repacking is quicker than looking. */
    private static final long WORTHWHILE_BYTES = 64 << 20;

    private static final Duration LOCK_PATIENCE = Duration.ofMinutes(10);
    private static final Duration LOCK_POLL = Duration.ofMillis(100);
    private static final Duration ABANDONED = Duration.ofHours(6);

    private final Path directory;
    private final long limitBytes;
    private final long leastBytes;
    private final String key;
    private final boolean mapped;

    private WeightCache(Path directory, long limitBytes, long leastBytes, String key, boolean mapped) {
        this.directory = directory;
        this.limitBytes = limitBytes;
        this.leastBytes = leastBytes;
        this.key = key;
        this.mapped = mapped;
    }

    /**
     * The cache of one model.
     *
     * @param directory made if it is not there
     * @param limitBytes most bytes of all files together
     * @param fingerprint of the model and the way of computing
     */
    public static WeightCache of(Path directory, long limitBytes, String fingerprint, Checkpoint checkpoint) {
        return new WeightCache(directory, limitBytes, WORTHWHILE_BYTES, key(fingerprint, checkpoint), false);
    }

    /** The same for models of any size. */
    WeightCache evenForSmallModels() {
        return new WeightCache(directory, limitBytes, 0, key, mapped);
    }

    /** The same, whose weights processes of this machine share: from small pages, so computing with them is slower. */
    public WeightCache shared() {
        return new WeightCache(directory, limitBytes, leastBytes, key, true);
    }

    private static String key(String fingerprint, Checkpoint checkpoint) {
        Set<Path> files = new TreeSet<>();
        checkpoint.tensors().forEach(tensor -> files.add(tensor.file()));
        StringBuilder sources = new StringBuilder();
        for (Path file : files) {
            try {
                sources.append(' ')
                        .append(Files.size(file))
                        .append('@')
                        .append(Files.getLastModifiedTime(file).toMillis());
            } catch (IOException e) {
                sources.append(" unknown");
            }
        }
        return fingerprint + sources + " file " + FILE_VERSION + " packing " + Linears.PACKING_VERSION + " "
                + ByteOrder.nativeOrder();
    }

    /** Whether weights of this size are worth a file. */
    boolean worthwhile(long bytes) {
        return bytes >= leastBytes && bytes <= limitBytes;
    }

    private Path file() {
        return directory.resolve(Fingerprint.ofText(key) + SUFFIX);
    }

    /**
     * Opens the model's file and marks it as used.
     *
     * @param arena owns weights that are shared
     * @return empty if there is none, or none that is sound
     */
    Optional<PackedFile.Contents> open(Arena arena) {
        Path file = file();
        try {
            PackedFile.Contents contents = PackedFile.open(file, key, mapped ? Optional.of(arena) : Optional.empty());
            Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
            return Optional.of(contents);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            discard(e.getMessage());
            return Optional.empty();
        }
    }

    /** Gives up a file that turned out to be damaged. */
    void discard(@Nullable String reason) {
        LOG.warn("repacked weights {} cannot be used: {}; they are made again", file(), reason);
        try {
            Files.deleteIfExists(file());
        } catch (IOException e) {
            LOG.debug("{} stays", file(), e);
        }
    }

    /** Makes a file's contents. */
    interface Build {
        void into(PackedFile.Writer writer) throws IOException;
    }

    /**
     * Makes the model's file, unless another process does so first.
     *
     * @return whether there is a file now
     */
    boolean make(Build build) {
        Path temporary = directory.resolve(
                file().getFileName() + "." + ProcessHandle.current().pid() + TEMPORARY);
        try {
            Files.createDirectories(directory);
            try (FileChannel channel = FileChannel.open(
                            file().resolveSibling(file().getFileName() + ".lock"),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE);
                    FileLock lock = await(channel)) {
                if (Files.exists(file())) {
                    return true;
                }
                LOG.debug("{} is made under {}", file(), lock);
                removeAbandoned();
                write(temporary, build);
            }
            evict();
            return true;
        } catch (IOException | UncheckedIOException e) {
            LOG.warn(
                    "repacked weights are not kept in {}: {}; the next start takes as long", directory, e.getMessage());
            return false;
        } finally {
            deleteQuietly(temporary);
        }
    }

    private void write(Path temporary, Build build) throws IOException {
        Files.deleteIfExists(temporary);
        try (PackedFile.Writer writer = new PackedFile.Writer(temporary, key, limitBytes)) {
            build.into(writer);
            writer.finish();
        }
        Files.move(temporary, file(), StandardCopyOption.ATOMIC_MOVE);
        LOG.info("repacked weights are kept in {} ({} MiB)", file(), Files.size(file()) >> 20);
    }

    private FileLock await(FileChannel channel) throws IOException {
        Instant deadline = Instant.now().plus(LOCK_PATIENCE);
        boolean told = false;
        while (Instant.now().isBefore(deadline)) {
            Optional<FileLock> lock = tryLock(channel);
            if (lock.isPresent()) {
                return lock.get();
            }
            if (!told) {
                LOG.info("another process repacks the same weights; waiting for it");
                told = true;
            }
            try {
                Thread.sleep(LOCK_POLL);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while another process repacked the same weights", e);
            }
        }
        throw new IOException(
                "another process has been repacking the same weights for " + LOCK_PATIENCE.toMinutes() + " minutes");
    }

    private static Optional<FileLock> tryLock(FileChannel channel) throws IOException {
        try {
            return Optional.ofNullable(channel.tryLock());
        } catch (OverlappingFileLockException e) { // another thread of this process has it
            return Optional.empty();
        }
    }

    /** Files, the one that was used last first. */
    private void evict() throws IOException {
        List<Path> files = new ArrayList<>(list(SUFFIX));
        files.sort(Comparator.comparing(WeightCache::usedAt).reversed());
        long total = 0;
        for (Path file : files) {
            total += Files.exists(file) ? Files.size(file) : 0;
            if (total > limitBytes && !file.equals(file())) {
                LOG.info("repacked weights {} go: the limit is {} MiB", file, limitBytes >> 20);
                deleteQuietly(file);
                deleteQuietly(file.resolveSibling(file.getFileName() + ".lock"));
            }
        }
    }

    /** What processes left that ended while they wrote. */
    private void removeAbandoned() throws IOException {
        Instant before = Instant.now().minus(ABANDONED);
        for (Path file : list(TEMPORARY)) {
            if (usedAt(file).toInstant().isBefore(before)) {
                deleteQuietly(file);
            }
        }
    }

    private List<Path> list(String suffix) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(suffix)).toList();
        }
    }

    private static FileTime usedAt(Path file) {
        try {
            return Files.getLastModifiedTime(file);
        } catch (IOException e) {
            return FileTime.fromMillis(0);
        }
    }

    private static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.debug("{} stays", file, e);
        }
    }
}
