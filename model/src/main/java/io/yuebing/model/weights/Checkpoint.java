package io.yuebing.model.weights;

import io.yuebing.api.UserError;
import io.yuebing.model.json.JsonObject;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The tensors of a model directory, from one safetensors file or from the shards that its index names.
 *
 * <p>Opening reads and checks the headers only. Data is mapped tensor by tensor into an arena of the caller's.
 */
public final class Checkpoint {
    /** How tensors are called in the files, where it is not as in transformers. */
    public interface FileNames {
        /** The name in the files of a tensor that is asked for as {@code name}. */
        String inFile(String name);
    }

    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";

    private final Path dir;
    private final SortedMap<String, TensorInfo> tensors;
    private final FileNames names;

    private Checkpoint(Path dir, SortedMap<String, TensorInfo> tensors, FileNames names) {
        this.dir = dir;
        this.tensors = tensors;
        this.names = names;
    }

    /**
     * The tensors of files of another format.
     *
     * @param model the file or folder
     * @param tensors under the names of transformers
     * @param names for messages
     */
    public static Checkpoint of(Path model, SortedMap<String, TensorInfo> tensors, FileNames names) {
        return new Checkpoint(model, tensors, names);
    }

    /**
     * Reads the headers.
     *
     * @throws UserError if there are no weights, a shard is missing or truncated, or a header is damaged
     */
    public static Checkpoint open(Path dir) {
        Path index = dir.resolve(INDEX);
        if (!Files.exists(dir.resolve(SINGLE)) && Files.exists(index)) {
            return new Checkpoint(dir, sharded(dir, index), name -> name);
        }
        SortedMap<String, TensorInfo> tensors = new TreeMap<>();
        for (TensorInfo tensor : SafetensorsHeader.read(singleFile(dir))) {
            tensors.put(tensor.name(), tensor);
        }
        return new Checkpoint(dir, tensors, name -> name);
    }

    /** {@code model.safetensors}, or the only safetensors file: old GPTQ models name it after bits and group size. */
    private static Path singleFile(Path dir) {
        Path single = dir.resolve(SINGLE);
        if (Files.exists(single)) {
            return single;
        }
        try (Stream<Path> files = Files.list(dir)) {
            List<Path> found = files.filter(
                            file -> file.getFileName().toString().endsWith(".safetensors"))
                    .sorted()
                    .toList();
            if (found.size() == 1) {
                return found.getFirst();
            }
            String what = found.isEmpty() ? "no safetensors file" : found.size() + " safetensors files and no index";
            throw new UserError(
                    dir + " has " + what + "; expected " + SINGLE + ", or shards with " + INDEX + " beside them");
        } catch (IOException e) {
            throw new UserError("cannot list " + dir + ": " + e, e);
        }
    }

    private static SortedMap<String, TensorInfo> sharded(Path dir, Path index) {
        JsonObject json = JsonObject.read(index);
        JsonObject map = json.object("weight_map").orElseThrow(() -> json.missing("weight_map"));
        Map<String, List<String>> namesByShard = new TreeMap<>();
        for (String name : map.fields()) {
            String shard = map.text(name).orElseThrow(() -> map.missing(name));
            if (shard.isEmpty() || shard.contains("/") || shard.contains("\\") || shard.indexOf('\0') >= 0) {
                throw new UserError(index + ": tensor " + name
                        + " must be placed in a file of the same directory, found '" + shard + "'");
            }
            namesByShard.computeIfAbsent(shard, key -> new ArrayList<>()).add(name);
        }
        SortedMap<String, TensorInfo> tensors = new TreeMap<>();
        namesByShard.forEach((shard, names) -> readShard(dir.resolve(shard), index, names, tensors));
        return tensors;
    }

    private static void readShard(Path shard, Path index, List<String> names, SortedMap<String, TensorInfo> into) {
        if (!Files.isRegularFile(shard)) {
            throw new UserError(shard + " is missing: " + index.getFileName() + " places " + names.size()
                    + " tensors in it, the first being " + names.getFirst() + "; fetch the file again");
        }
        Set<String> expected = new TreeSet<>(names);
        for (TensorInfo tensor : SafetensorsHeader.read(shard)) {
            if (expected.remove(tensor.name())) {
                into.put(tensor.name(), tensor);
            }
        }
        if (!expected.isEmpty()) {
            throw new UserError(shard + ": tensor " + expected.iterator().next() + " is missing; " + index.getFileName()
                    + " places it in this file");
        }
    }

    /** All tensors, sorted by name. */
    public Collection<TensorInfo> tensors() {
        return Collections.unmodifiableCollection(tensors.values());
    }

    public Optional<TensorInfo> find(String name) {
        return Optional.ofNullable(tensors.get(name));
    }

    /**
     * A tensor that has to be there.
     *
     * @throws UserError if it is not
     */
    public TensorInfo require(String name) {
        return find(name).orElseThrow(() -> missing(name));
    }

    /** The error of a tensor that has to be there. */
    UserError missing(String name) {
        Set<String> files = new TreeSet<>();
        tensors.values().forEach(tensor -> files.add(tensor.file().getFileName().toString()));
        return new UserError(dir + ": tensor " + names.inFile(name) + " is missing; looked in the headers of " + files
                + ", which hold " + tensors.size() + " tensors");
    }

    /** Bytes of all tensors. */
    public long bytes() {
        return tensors.values().stream().mapToLong(TensorInfo::bytes).sum();
    }

    /** The error of a file that no longer has what its header says. */
    static UserError truncated(TensorInfo tensor, long size) {
        return new UserError(tensor.file() + ": became shorter while it was read; tensor " + tensor.name()
                + " ends at byte " + (tensor.offset() + tensor.bytes()) + ", the file has " + size);
    }

    /** Maps the bytes of one tensor, not to be written, for as long as the arena lives; they need not be aligned. */
    public static MemorySegment map(TensorInfo tensor, Arena arena) {
        try (FileChannel channel = FileChannel.open(tensor.file(), StandardOpenOption.READ)) {
            long size = channel.size();
            if (size < tensor.offset() + tensor.bytes()) {
                throw truncated(tensor, size);
            }
            MemorySegment data = channel.map(FileChannel.MapMode.READ_ONLY, tensor.offset(), tensor.bytes(), arena);
            return tensor.rows()
                    .restore(data, tensor.shape().isEmpty() ? 1 : tensor.shape().getFirst(), arena);
        } catch (IOException e) {
            throw new UserError("cannot read tensor " + tensor.name() + " of " + tensor.file() + ": " + e, e);
        }
    }
}
