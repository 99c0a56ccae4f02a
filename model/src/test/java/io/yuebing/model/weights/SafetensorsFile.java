package io.yuebing.model.weights;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** Writes safetensors files for tests. */
public final class SafetensorsFile {
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    @SuppressWarnings("ArrayRecordComponent")
    private record Entry(TensorType type, long[] shape, byte[] data) {}

    public SafetensorsFile floats(String name, float[] values, long... shape) {
        ByteBuffer data = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        data.asFloatBuffer().put(values);
        return add(name, TensorType.F32, data.array(), shape);
    }

    public SafetensorsFile halfs(String name, float[] values, long... shape) {
        ByteBuffer data = ByteBuffer.allocate(values.length * 2).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            data.putShort(Float.floatToFloat16(value));
        }
        return add(name, TensorType.F16, data.array(), shape);
    }

    public SafetensorsFile ints(String name, int[] values, long... shape) {
        ByteBuffer data = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        data.asIntBuffer().put(values);
        return add(name, TensorType.I32, data.array(), shape);
    }

    public SafetensorsFile add(String name, TensorType type, byte[] data, long... shape) {
        entries.put(name, new Entry(type, shape, data));
        return this;
    }

    public SafetensorsFile without(String name) {
        entries.remove(name);
        return this;
    }

    public Path write(Path file) {
        StringBuilder json = new StringBuilder("{\"__metadata__\":{\"format\":\"pt\"}");
        int offset = 0;
        int total =
                entries.values().stream().mapToInt(entry -> entry.data.length).sum();
        ByteBuffer data = ByteBuffer.allocate(total);
        for (Map.Entry<String, Entry> named : entries.entrySet()) {
            Entry entry = named.getValue();
            json.append(",\"").append(named.getKey()).append("\":{\"dtype\":\"").append(entry.type);
            json.append("\",\"shape\":[")
                    .append(Arrays.stream(entry.shape).mapToObj(Long::toString).collect(Collectors.joining(",")));
            json.append("],\"data_offsets\":[")
                    .append(offset)
                    .append(',')
                    .append(offset + entry.data.length)
                    .append("]}");
            data.put(entry.data);
            offset += entry.data.length;
        }
        return write(file, json.append("}").toString(), data.array());
    }

    /** Writes any header, right or wrong. */
    public static Path write(Path file, String header, byte[] data) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + json.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(json.length).put(json).put(data);
        try {
            return Files.write(file, bytes.array());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
