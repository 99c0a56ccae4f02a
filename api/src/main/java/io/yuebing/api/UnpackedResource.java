package io.yuebing.api;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.zip.CRC32C;

/** A native library of a jar as a file, since the system loads libraries from files only. */
public final class UnpackedResource {
    private UnpackedResource() {}

    /**
     * The resource as a file of the user's cache folder, named by its content so that another version is another file.
     *
     * @throws IOException if it can be neither read nor written
     */
    public static Path of(URL resource) throws IOException {
        byte[] content;
        try (InputStream in = resource.openStream()) {
            content = in.readAllBytes();
        }
        CRC32C sum = new CRC32C();
        sum.update(content);
        String name = resource.getPath().substring(resource.getPath().lastIndexOf('/') + 1);
        int dot = name.lastIndexOf('.');
        Path folder = Files.createDirectories(cache());
        Path file = folder.resolve(
                "%s-%08x-%d%s".formatted(name.substring(0, dot), sum.getValue(), content.length, name.substring(dot)));
        if (Files.exists(file) && Files.size(file) == content.length) {
            return file;
        }
        // Several processes may start at once: each unpacks for itself, and any of the equal files wins.
        Path part = Files.createTempFile(folder, name, ".part");
        try {
            Files.write(part, content);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(part);
        }
        return file;
    }

    private static Path cache() {
        String wished = Optional.ofNullable(System.getenv("XDG_CACHE_HOME")).orElse("");
        Path root = wished.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(wished);
        return root.resolve("yuebing").resolve("native");
    }
}
