package io.yuebing.model.quantize;

import io.yuebing.api.UserError;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A folder that appears under its name when it is complete, and otherwise not at all, even if the program is ended. */
final class OutputFolder implements AutoCloseable {
    private final Path target;
    private final Path partial;
    private final Thread whenInterrupted = new Thread(this::discard, "discard-output");
    private boolean over;

    private OutputFolder(Path target, Path partial) {
        this.target = target;
        this.partial = partial;
    }

    /**
     * Begins a folder.
     *
     * @throws UserError if there is something of this name, or no place for it
     */
    static OutputFolder create(Path target) {
        Path absolute = target.toAbsolutePath().normalize();
        Path parent = absolute.getParent();
        if (Files.exists(absolute) || parent == null) {
            throw new UserError(target + " exists already; remove it or name another folder");
        }
        if (!Files.isDirectory(parent)) {
            throw new UserError("there is no folder " + parent + " to put " + absolute.getFileName()
                    + " into; create it or name another folder");
        }
        try {
            Path partial = Files.createDirectory(parent.resolve("." + absolute.getFileName() + ".partial-"
                    + ProcessHandle.current().pid()));
            OutputFolder folder = new OutputFolder(absolute, partial);
            Runtime.getRuntime().addShutdownHook(folder.whenInterrupted);
            return folder;
        } catch (IOException e) {
            throw new UserError("cannot write to " + parent + ": " + e, e);
        }
    }

    /** Where to write until {@link #publish}. */
    Path path() {
        return partial;
    }

    /** Gives the folder its name. */
    synchronized void publish() throws IOException {
        if (over) {
            throw new IOException("the program is being ended");
        }
        if (Files.exists(target)) { // a rename would replace an empty folder
            throw new UserError(target + " has come into being meanwhile; remove it and start again");
        }
        Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
        over = true;
    }

    private synchronized void discard() {
        if (over) {
            return;
        }
        over = true;
        try (Stream<Path> found = Files.walk(partial)) {
            List<Path> deepestFirst = found.sorted(Comparator.reverseOrder()).toList();
            for (Path path : deepestFirst) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + partial + ": " + e.getMessage(), e);
        }
    }

    /** Removes what was not published. */
    @Override
    public void close() {
        discard();
        try {
            Runtime.getRuntime().removeShutdownHook(whenInterrupted);
        } catch (IllegalStateException e) {
            // The program is being ended, and the hook has nothing left to do.
        }
    }
}
