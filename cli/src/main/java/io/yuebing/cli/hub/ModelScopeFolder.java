package io.yuebing.cli.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** A repository in the cache of ModelScope's tools: a plain folder. */
final class ModelScopeFolder implements ModelFolder {
    private static final String PARTIAL_FOLDER = "._____temp";

    private final Path path;

    ModelScopeFolder(Path path) {
        this.path = path;
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public Path partial(RemoteFile file) {
        String version = file.checksum().map(Checksum::hex).orElse("unknown");
        return path.resolve(PARTIAL_FOLDER).resolve(file.path() + "." + version + ".incomplete");
    }

    @Override
    public boolean has(RemoteFile file) throws IOException {
        Path target = path.resolve(file.path());
        if (!Files.exists(target) || Files.size(target) != file.size()) {
            return false;
        }
        // The folder is overwritten from one revision to the next, so its files are compared by content.
        return file.checksum().isEmpty()
                || file.checksum().get().of(target).equals(file.checksum().get());
    }

    @Override
    public void complete(RemoteFile file) throws IOException {
        Path target = path.resolve(file.path());
        Files.createDirectories(target.getParent());
        Files.move(partial(file), target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void finish() throws IOException {
        Files.deleteIfExists(path.resolve(PARTIAL_FOLDER));
    }
}
