package io.yuebing.transfer;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@link SharedFile}s whose owner was killed before it unlinked them.
 *
 * <p>The owner is known by its lock on the file: it ends with the process, and holds against every process of the host,
 * whatever process ids containers see.
 */
final class AbandonedFiles {
    private static final Logger log = LoggerFactory.getLogger(AbandonedFiles.class);

    private AbandonedFiles() {}

    /** Removes them from all folders where they lie. */
    static void sweep() {
        for (Path folder : SharedFile.FOLDERS) {
            int removed = sweep(folder);
            if (removed > 0) {
                log.info("removed {} files of shared memory from {}, whose processes had been killed", removed, folder);
            }
        }
    }

    /**
     * Removes them from one folder; what this user may not touch stays.
     *
     * @return how many were removed
     */
    static int sweep(Path folder) {
        int removed = 0;
        try (DirectoryStream<Path> rings = Files.newDirectoryStream(
                folder,
                file -> SharedFile.NAME.matcher(file.getFileName().toString()).matches())) {
            for (Path ring : rings) {
                removed += removeIfAbandoned(ring) ? 1 : 0;
            }
        } catch (IOException | RuntimeException e) {
            log.debug("the folder {} cannot be searched for abandoned files: {}", folder, e.toString());
        }
        return removed;
    }

    private static boolean removeIfAbandoned(Path ring) {
        if (SharedFile.isOwned(ring) || !Files.isRegularFile(ring, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        try (FileChannel channel = FileChannel.open(ring, Set.of(StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS));
                FileLock lock = channel.tryLock()) {
            // removed under the lock: an owner that is just about to lock a new file sees afterwards that it is gone
            return lock != null && Files.deleteIfExists(ring);
        } catch (IOException | OverlappingFileLockException e) {
            log.debug("the file {} stays: {}", ring, e.toString());
            return false;
        }
    }
}
