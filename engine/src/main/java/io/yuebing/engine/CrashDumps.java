package io.yuebing.engine;

import io.yuebing.model.CausalLm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder in which an engine keeps the steps that failed; the oldest files give way to new ones.
 *
 * <p>Only the owner may read the files: token ids are what users wrote.
 */
public final class CrashDumps {
    private static final Logger LOG = LoggerFactory.getLogger(CrashDumps.class);

    /** Keeps nothing. */
    public static final CrashDumps NONE = new CrashDumps(Optional.empty(), "", "", InstantSource.system());

    static final int MOST_FILES = 16;

    private static final String BEGINNING = "crash-";
    private static final String END = ".json";
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss.SSS'Z'").withZone(ZoneOffset.UTC);

    private final Optional<Path> directory;
    private final String model;
    private final String compute;
    private final InstantSource clock;
    private boolean complained;

    private CrashDumps(Optional<Path> directory, String model, String compute, InstantSource clock) {
        this.directory = directory;
        this.model = model;
        this.compute = compute;
        this.clock = clock;
    }

    /**
     * Keeps them in a folder.
     *
     * @param directory made when there is something to keep
     * @param model name or path of the model, for who finds a file
     * @param compute arithmetic of quantised products, as in the setting {@code compute}
     */
    public static CrashDumps in(Path directory, String model, String compute, InstantSource clock) {
        return new CrashDumps(Optional.of(directory), model, compute, clock);
    }

    /** Writes a file about a step that failed; empty if dumps are not kept or it cannot be written. */
    Optional<Path> keep(CausalLm model, EngineConfig config, String failure, List<CrashDump.Slice> slices) {
        if (directory.isEmpty()) {
            return Optional.empty();
        }
        Instant now = clock.instant();
        CrashDump.Origin origin = new CrashDump.Origin(this.model, model.fingerprint(), compute, config);
        try {
            return Optional.of(write(
                    directory.get(),
                    now,
                    CrashDump.of(origin, now, failure, slices).json()));
        } catch (IOException | RuntimeException e) {
            if (!complained) {
                complained = true;
                LOG.warn("Steps that fail cannot be kept in {}: {}", directory.get(), e.toString());
            }
            return Optional.empty();
        }
    }

    private static Path write(Path directory, Instant time, String json) throws IOException {
        Files.createDirectories(directory);
        Path file = Files.createTempFile(directory, BEGINNING + TIME.format(time) + "-", END, ownerOnly(directory));
        Files.writeString(file, json);
        forgetOldest(directory);
        return file;
    }

    private static FileAttribute<?>[] ownerOnly(Path directory) {
        return directory.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
    }

    private static void forgetOldest(Path directory) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(directory)) {
            files = all.filter(CrashDumps::isDump).sorted().toList();
        }
        for (Path file : files.subList(0, Math.max(0, files.size() - MOST_FILES))) {
            Files.deleteIfExists(file);
        }
    }

    private static boolean isDump(Path file) {
        String name = file.getFileName().toString();
        return name.startsWith(BEGINNING) && name.endsWith(END);
    }
}
