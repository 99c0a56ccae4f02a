package io.yuebing.cli.kv;

import io.yuebing.api.UserError;
import io.yuebing.kv.KvDescriptor;
import io.yuebing.kv.KvTensors;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** The raw files of a KV cache, whose sizes have to be what the layout says. */
final class CacheFiles {
    private final LayoutFile layout;
    private final List<Path> paths;

    /** @param paths as many as the descriptor has files, rank by rank */
    CacheFiles(LayoutFile layout, List<Path> paths) {
        this.layout = layout;
        this.paths = List.copyOf(paths);
    }

    /** Says why the files cannot be those of the layout. */
    void checkInputs() {
        for (int i = 0; i < paths.size(); i++) {
            if (!Files.isRegularFile(paths.get(i))) {
                throw new UserError("there is no file " + paths.get(i));
            }
            checkSize(i);
        }
    }

    /** Says why the files cannot be written: one that exists must have the right size already, a new one needs space. */
    void checkOutputs() {
        for (int i = 0; i < paths.size(); i++) {
            Path path = paths.get(i);
            if (Files.isRegularFile(path)) {
                checkSize(i);
            } else if (Files.exists(path)) {
                throw new UserError("the output " + path + " is not a regular file");
            } else {
                checkSpace(path, layout.descriptor().fileBytes(rank(i)));
            }
        }
    }

    private static void checkSpace(Path path, long bytes) {
        Path folder = path.toAbsolutePath().getParent();
        try {
            if (folder == null || !Files.isDirectory(folder)) {
                throw new UserError("the folder of the output " + path + " does not exist");
            }
            long free = Files.getFileStore(folder).getUsableSpace();
            if (free < bytes) {
                throw new UserError(
                        "the output " + path + " needs " + bytes + " bytes, its disk has " + free + " left");
            }
        } catch (IOException e) {
            throw new UserError("the output " + path + " cannot be written: " + e, e);
        }
    }

    private void checkSize(int i) {
        KvDescriptor descriptor = layout.descriptor();
        long expected = descriptor.fileBytes(rank(i));
        long least = descriptor.leastFileBytes(rank(i));
        long found = size(paths.get(i));
        if (found != expected && found != least) {
            throw new UserError(paths.get(i) + " has " + found + " bytes, but " + layout.side(rank(i)) + " describes "
                    + expected + (least == expected ? "" : " (" + least + " without the padding at its end)") + ": "
                    + shape(rank(i)));
        }
    }

    /** {@code layer 1 x kv 2 x block 5 ... of bf16}. */
    private String shape(int rank) {
        StringBuilder shape = new StringBuilder();
        var described = layout.rank(rank);
        for (int i = 0; i < described.axes().size(); i++) {
            shape.append(i == 0 ? "" : " x ")
                    .append(described.axes().get(i).name().toLowerCase(java.util.Locale.ROOT))
                    .append(' ')
                    .append(described.sizes().get(i));
        }
        return shape.append(" of ").append(described.elementType().wireName()).toString();
    }

    private int rank(int file) {
        return file / layout.descriptor().filesPerRank();
    }

    private static long size(Path path) {
        try {
            return Files.size(path);
        } catch (IOException e) {
            throw new UserError(path + " cannot be read: " + e, e);
        }
    }

    /** Bytes of all files. */
    long bytes() {
        return paths.stream().mapToLong(CacheFiles::size).sum();
    }

    /** The caches of all ranks, mapped for reading. */
    List<KvTensors> read(Arena arena) {
        return tensors(paths.stream().map(path -> map(path, arena)).toList());
    }

    /** The caches of all ranks, mapped for writing; new files hold zeros. */
    List<KvTensors> write(Arena arena, List<Path> created) {
        List<MemorySegment> maps = new ArrayList<>();
        for (int i = 0; i < paths.size(); i++) {
            maps.add(mapForWriting(paths.get(i), layout.descriptor().fileBytes(rank(i)), arena, created));
        }
        return tensors(maps);
    }

    private static MemorySegment map(Path path, Arena arena) {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
        } catch (IOException e) {
            throw new UserError(path + " cannot be read: " + e, e);
        }
    }

    private static MemorySegment mapForWriting(Path path, long newSize, Arena arena, List<Path> created) {
        boolean exists = Files.exists(path);
        try (FileChannel channel =
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            if (!exists) {
                created.add(path);
            }
            return channel.map(MapMode.READ_WRITE, 0, exists ? channel.size() : newSize, arena);
        } catch (IOException e) {
            throw new UserError("the output " + path + " cannot be written: " + e, e);
        }
    }

    private List<KvTensors> tensors(List<MemorySegment> maps) {
        KvDescriptor descriptor = layout.descriptor();
        List<KvTensors> ranks = new ArrayList<>();
        int each = descriptor.filesPerRank();
        for (int rank = 0; rank < descriptor.ranks().size(); rank++) {
            List<MemorySegment> files = maps.subList(rank * each, (rank + 1) * each);
            ranks.add(
                    descriptor.filePerTensor()
                            ? new KvTensors(layout.rank(rank), files)
                            : KvTensors.inOne(layout.rank(rank), files.getFirst()));
        }
        return ranks;
    }
}
