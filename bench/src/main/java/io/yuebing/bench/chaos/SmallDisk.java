package io.yuebing.bench.chaos;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A small file system in memory that can run full. Needs root on Linux. */
final class SmallDisk implements AutoCloseable {
    private static final int MEBIBYTES = 32;

    private final Path folder;
    private final Path filler;

    private SmallDisk(Path folder) {
        this.folder = folder;
        this.filler = folder.resolve("filler");
    }

    /**
     * Mounts it.
     *
     * @param folder made here
     * @throws IOException if that is not permitted here, with the reason
     */
    static SmallDisk mount(Path folder) throws IOException, InterruptedException {
        Files.createDirectory(folder);
        NamespaceNetwork.run(
                List.of("mount", "-t", "tmpfs", "-o", "size=" + MEBIBYTES + "m", "yuebing-chaos", folder.toString()));
        return new SmallDisk(folder);
    }

    Path folder() {
        return folder;
    }

    /** Takes the last byte. */
    void fill() throws IOException {
        byte[] bytes = new byte[1 << 16];
        try (OutputStream out = Files.newOutputStream(filler)) {
            for (int length = bytes.length; length > 0; ) {
                try {
                    out.write(bytes, 0, length);
                } catch (IOException full) {
                    length /= 2;
                }
            }
        }
    }

    void free() throws IOException {
        Files.deleteIfExists(filler);
    }

    @Override
    public void close() throws IOException, InterruptedException {
        NamespaceNetwork.run(List.of("umount", "--lazy", folder.toString()));
    }
}
