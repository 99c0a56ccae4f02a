package io.yuebing.gguf;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Writes small GGUF files, of version 3, from memory. */
public final class GgufWriter {
    private static final int VERSION = 3;
    private static final int ALIGNMENT = 32;

    private final ByteArrayOutputStream entries = new ByteArrayOutputStream();
    private final List<Tensor> tensors = new ArrayList<>();
    private int entryCount;

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Tensor(String name, GgmlType type, long[] shape, byte[] data) {}

    public GgufWriter text(String key, String value) {
        begin(key, ValueKind.TEXT);
        writeText(entries, value);
        return this;
    }

    /** A 32-bit unsigned integer. */
    public GgufWriter integer(String key, int value) {
        begin(key, ValueKind.U32);
        write(entries, buffer(4).putInt(value));
        return this;
    }

    public GgufWriter number(String key, float value) {
        begin(key, ValueKind.F32);
        write(entries, buffer(4).putFloat(value));
        return this;
    }

    public GgufWriter bool(String key, boolean value) {
        begin(key, ValueKind.BOOL);
        entries.write(value ? 1 : 0);
        return this;
    }

    public GgufWriter texts(String key, List<String> values) {
        beginList(key, ValueKind.TEXT, values.size());
        values.forEach(value -> writeText(entries, value));
        return this;
    }

    public GgufWriter integers(String key, List<Integer> values) {
        beginList(key, ValueKind.I32, values.size());
        values.forEach(value -> write(entries, buffer(4).putInt(value)));
        return this;
    }

    public GgufWriter numbers(String key, List<Float> values) {
        beginList(key, ValueKind.F32, values.size());
        values.forEach(value -> write(entries, buffer(4).putFloat(value)));
        return this;
    }

    /**
     * Adds a tensor.
     *
     * @param data its blocks
     * @param shape sizes from the outermost to the innermost axis
     */
    public GgufWriter tensor(String name, GgmlType type, byte[] data, long... shape) {
        tensors.add(new Tensor(name, type, shape.clone(), data.clone()));
        return this;
    }

    /** The file. */
    public byte[] bytes() {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        write(file, buffer(20).putInt(VERSION).putLong(tensors.size()).putLong(entryCount));
        file.writeBytes(entries.toByteArray());
        long offset = 0;
        for (Tensor tensor : tensors) {
            writeText(file, tensor.name);
            write(file, buffer(4).putInt(tensor.shape.length));
            for (int axis = tensor.shape.length - 1; axis >= 0; axis--) {
                write(file, buffer(8).putLong(tensor.shape[axis]));
            }
            write(file, buffer(12).putInt(tensor.type.id()).putLong(offset));
            offset = aligned(offset + tensor.data.length);
        }
        for (Tensor tensor : tensors) {
            file.writeBytes(new byte[(int) (aligned(file.size()) - file.size())]);
            file.writeBytes(tensor.data);
        }
        return file.toByteArray();
    }

    /** Writes the file. */
    public void write(Path file) throws IOException {
        Files.write(file, bytes());
    }

    private void begin(String key, ValueKind kind) {
        entryCount++;
        writeText(entries, key);
        write(entries, buffer(4).putInt(kind.ordinal()));
    }

    private void beginList(String key, ValueKind element, int count) {
        begin(key, ValueKind.ARRAY);
        write(entries, buffer(12).putInt(element.ordinal()).putLong(count));
    }

    private static long aligned(long offset) {
        return Math.ceilDiv(offset, (long) ALIGNMENT) * ALIGNMENT;
    }

    private static void writeText(ByteArrayOutputStream to, String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        write(to, buffer(8).putLong(utf8.length));
        to.writeBytes(utf8);
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void write(ByteArrayOutputStream to, ByteBuffer buffer) {
        to.writeBytes(buffer.array());
    }
}
