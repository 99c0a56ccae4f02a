package io.yuebing.cli.hub;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/**
 * A repository in the cache of the Hugging Face hub's tools, so that they and Yuebing share one copy.
 *
 * <pre>
 * models--ORG--NAME/
 *   blobs/CHECKSUM                   contents
 *   blobs/CHECKSUM.incomplete        a content that is being fetched
 *   refs/main                        the commit that main stands for
 *   snapshots/COMMIT/config.json     -> ../../blobs/CHECKSUM
 * </pre>
 *
 * Source: huggingface_hub, "Understand caching".
 */
final class HuggingFaceFolder implements ModelFolder {
    private final Path root;
    private final String revision;
    private final String commit;

    /**
     * @param root {@code models--ORG--NAME}
     * @param revision what the person asked for, such as {@code main}
     * @param commit what it stands for
     */
    HuggingFaceFolder(Path root, String revision, String commit) {
        this.root = root;
        this.revision = revision;
        this.commit = commit;
    }

    @Override
    public Path path() {
        return root.resolve("snapshots").resolve(commit);
    }

    @Override
    public Path partial(RemoteFile file) {
        return blob(file).resolveSibling(blob(file).getFileName() + ".incomplete");
    }

    @Override
    public boolean has(RemoteFile file) throws IOException {
        if (Files.exists(path().resolve(file.path()))) {
            return Files.size(path().resolve(file.path())) == file.size();
        }
        if (Files.exists(blob(file)) && Files.size(blob(file)) == file.size()) {
            link(file);
            return true;
        }
        return false;
    }

    @Override
    public void complete(RemoteFile file) throws IOException {
        Files.move(partial(file), blob(file), StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        link(file);
    }

    @Override
    public void finish() throws IOException {
        if (!revision.equals(commit)) {
            Path ref = root.resolve("refs").resolve(revision);
            Files.createDirectories(ref.getParent());
            Files.writeString(ref, commit);
        }
    }

    private Path blob(RemoteFile file) {
        String name = file.checksum().map(Checksum::hex).orElseGet(() -> commit + "-" + file.path());
        return root.resolve("blobs").resolve(name);
    }

    private void link(RemoteFile file) throws IOException {
        Path pointer = path().resolve(file.path());
        Path folder = Optional.ofNullable(pointer.getParent()).orElse(path());
        Files.createDirectories(folder);
        Files.deleteIfExists(pointer);
        try {
            Files.createSymbolicLink(pointer, folder.relativize(blob(file)));
        } catch (UnsupportedOperationException | FileSystemException e) {
            // Windows without developer mode, some network drives: the hub's own tools copy there too.
            Files.copy(blob(file), pointer, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
