package io.yuebing.model.weights;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes the tensors of a model as safetensors, in one file or, if it were too large, in shards with an index.
 *
 * <p>What there will be is said first, so the files have their headers and lengths from the beginning: tensors are
 * written in any order, and those that are written can be read.
 */
public final class SafetensorsWriter implements AutoCloseable {
    private final Map<String, Place> places;
    private final List<FileChannel> files;

    /**
     * A tensor to come.
     *
     * @param type of single elements
     */
    public record Planned(String name, TensorType type, List<Long> shape) {
        public Planned {
            shape = List.copyOf(shape);
        }

        long bytes() {
            return shape.stream().reduce((long) type.bytes(), Math::multiplyExact);
        }
    }

    private record Place(FileChannel file, long offset, Planned tensor) {}

    private SafetensorsWriter(Map<String, Place> places, List<FileChannel> files) {
        this.places = places;
        this.files = files;
    }

    /**
     * Creates the files.
     *
     * @param dir an existing folder
     * @param shardBytes most bytes of tensors in a file, unless a single one has more
     */
    public static SafetensorsWriter create(Path dir, List<Planned> tensors, long shardBytes) throws IOException {
        List<List<Planned>> shards = shards(tensors, shardBytes);
        List<FileChannel> files = new ArrayList<>();
        Map<String, Place> places = new HashMap<>();
        Map<String, String> weightMap = new TreeMap<>();
        for (int i = 0; i < shards.size(); i++) {
            String name = shards.size() == 1
                    ? "model.safetensors"
                    : String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
            FileChannel file =
                    FileChannel.open(dir.resolve(name), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            files.add(file);
            begin(file, shards.get(i), places);
            shards.get(i).forEach(tensor -> weightMap.put(tensor.name(), name));
        }
        if (shards.size() > 1) {
            long total = tensors.stream().mapToLong(Planned::bytes).sum();
            Map<String, Object> index = new LinkedHashMap<>();
            index.put("metadata", Map.of("total_size", total));
            index.put("weight_map", weightMap);
            Files.writeString(
                    dir.resolve("model.safetensors.index.json"),
                    JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(index));
        }
        return new SafetensorsWriter(places, files);
    }

    /** Large elements first, so that all of them are aligned. */
    private static List<List<Planned>> shards(List<Planned> tensors, long shardBytes) {
        List<Planned> sorted =
                tensors.stream().sorted(Comparator.comparing(Planned::name)).toList();
        List<List<Planned>> shards = new ArrayList<>();
        List<Planned> shard = new ArrayList<>();
        long bytes = 0;
        for (Planned tensor : sorted) {
            if (!shard.isEmpty() && bytes + tensor.bytes() > shardBytes) {
                shards.add(shard);
                shard = new ArrayList<>();
                bytes = 0;
            }
            shard.add(tensor);
            bytes += tensor.bytes();
        }
        shards.add(shard);
        shards.forEach(one -> one.sort(
                Comparator.comparing((Planned tensor) -> -tensor.type().bytes()).thenComparing(Planned::name)));
        return shards;
    }

    private static void begin(FileChannel file, List<Planned> tensors, Map<String, Place> places) throws IOException {
        Map<String, Object> entries = new LinkedHashMap<>();
        entries.put("__metadata__", Map.of("format", "pt"));
        long end = 0;
        for (Planned tensor : tensors) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("dtype", tensor.type().name());
            entry.put("shape", tensor.shape());
            entry.put("data_offsets", List.of(end, end + tensor.bytes()));
            entries.put(tensor.name(), entry);
            end += tensor.bytes();
        }
        byte[] json = JsonMapper.shared().writeValueAsString(entries).getBytes(StandardCharsets.UTF_8);
        int padded = Math.ceilDiv(json.length, Long.BYTES) * Long.BYTES;
        ByteBuffer header = ByteBuffer.allocate(Long.BYTES + padded).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(padded).put(json);
        while (header.hasRemaining()) {
            header.put((byte) ' ');
        }
        writeAll(file, header.flip(), 0);
        long offset = Long.BYTES + (long) padded;
        if (end > 0) {
            writeAll(file, ByteBuffer.wrap(new byte[1]), offset + end - 1);
        }
        for (Planned tensor : tensors) {
            places.put(tensor.name(), new Place(file, offset, tensor));
            offset += tensor.bytes();
        }
    }

    /**
     * Writes a planned tensor; several threads may write several tensors.
     *
     * @param data all its bytes, little endian
     */
    public void write(String name, ByteBuffer data) throws IOException {
        Place place = places.get(name);
        if (place == null || place.tensor().bytes() != data.remaining()) {
            throw new IllegalArgumentException(name + " with " + data.remaining() + " bytes is not planned");
        }
        writeAll(place.file(), data, place.offset());
    }

    /** Copies a planned tensor from another file. */
    public void copy(TensorInfo from) throws IOException {
        Place place = places.get(from.name());
        if (place == null || place.tensor().bytes() != from.bytes()) {
            throw new IllegalArgumentException(from.name() + " with " + from.bytes() + " bytes is not planned");
        }
        try (FileChannel source = FileChannel.open(from.file(), StandardOpenOption.READ)) {
            place.file().position(place.offset());
            long done = 0;
            while (done < from.bytes()) {
                long moved = source.transferTo(from.offset() + done, from.bytes() - done, place.file());
                if (moved <= 0) {
                    throw new IOException(from.file() + " became shorter while it was read");
                }
                done += moved;
            }
        }
    }

    private static void writeAll(FileChannel file, ByteBuffer data, long offset) throws IOException {
        long at = offset;
        while (data.hasRemaining()) {
            at += file.write(data, at);
        }
    }

    @Override
    public void close() throws IOException {
        IOException failure = null;
        for (FileChannel file : files) {
            try {
                file.close();
            } catch (IOException e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
