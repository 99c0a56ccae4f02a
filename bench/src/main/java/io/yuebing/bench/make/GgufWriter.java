package io.yuebing.bench.make;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Writes GGUF files, version 3 (ggml-org/ggml, docs/gguf.md).
 *
 * <pre>
 * "GGUF" | version u32 | tensors u64 | metadata entries u64
 * entry:  key string | type u32 | value                                string: length u64, UTF-8
 * tensor: name string | dimensions u32 | sizes u64, columns first | type u32 | offset u64
 * padding to 32 | tensor 0 | padding | tensor 1 | ...                  offsets count from here
 * </pre>
 */
final class GgufWriter {
    private static final int VERSION = 3;
    private static final int ALIGNMENT = 32;

    private static final int UINT32 = 4;
    private static final int INT32 = 5;
    private static final int FLOAT32 = 6;
    private static final int BOOL = 7;
    private static final int STRING = 8;
    private static final int ARRAY = 9;

    /** Numbers of the element types. */
    static final Map<String, Integer> TYPES = Map.of("F32", 0, "F16", 1, "Q4_0", 2, "Q8_0", 8, "BF16", 30);

    private final ByteArrayOutputStream metadata = new ByteArrayOutputStream();
    private final List<PlannedTensor> tensors = new ArrayList<>();
    private int entries;

    GgufWriter uint(String key, int value) {
        entry(key, UINT32);
        putInt(metadata, value);
        return this;
    }

    GgufWriter number(String key, float value) {
        entry(key, FLOAT32);
        putInt(metadata, Float.floatToRawIntBits(value));
        return this;
    }

    GgufWriter bool(String key, boolean value) {
        entry(key, BOOL);
        metadata.write(value ? 1 : 0);
        return this;
    }

    GgufWriter text(String key, String value) {
        entry(key, STRING);
        putText(metadata, value);
        return this;
    }

    GgufWriter texts(String key, List<String> values) {
        array(key, STRING, values.size());
        values.forEach(value -> putText(metadata, value));
        return this;
    }

    GgufWriter ints(String key, int[] values) {
        array(key, INT32, values.length);
        for (int value : values) {
            putInt(metadata, value);
        }
        return this;
    }

    void tensor(PlannedTensor tensor) {
        tensors.add(tensor);
    }

    List<PlannedTensor> tensors() {
        return tensors;
    }

    /** Everything before the first tensor. */
    byte[] header() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        putInt(out, VERSION);
        putLong(out, tensors.size());
        putLong(out, entries);
        out.writeBytes(metadata.toByteArray());
        long offset = 0;
        for (PlannedTensor tensor : tensors) {
            putText(out, tensor.name());
            putInt(out, tensor.shape().size());
            tensor.shape().reversed().forEach(size -> putLong(out, size));
            Integer type = TYPES.get(tensor.type());
            if (type == null) {
                throw new IllegalArgumentException("No GGUF type " + tensor.type());
            }
            putInt(out, type);
            putLong(out, offset);
            offset = aligned(offset + tensor.bytes());
        }
        out.writeBytes(new byte[(int) (aligned(out.size()) - out.size())]);
        return out.toByteArray();
    }

    /** Fills up what the alignment leaves behind a tensor. */
    static void pad(WritableByteChannel to, PlannedTensor tensor) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocate((int) (aligned(tensor.bytes()) - tensor.bytes()));
        while (zeros.hasRemaining()) {
            to.write(zeros);
        }
    }

    private static long aligned(long offset) {
        return Math.ceilDiv(offset, ALIGNMENT) * ALIGNMENT;
    }

    private void entry(String key, int type) {
        entries++;
        putText(metadata, key);
        putInt(metadata, type);
    }

    private void array(String key, int elementType, int size) {
        entry(key, ARRAY);
        putInt(metadata, elementType);
        putLong(metadata, size);
    }

    private static void putText(ByteArrayOutputStream to, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        putLong(to, bytes.length);
        to.writeBytes(bytes);
    }

    private static void putInt(ByteArrayOutputStream to, int value) {
        to.writeBytes(ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array());
    }

    private static void putLong(ByteArrayOutputStream to, long value) {
        to.writeBytes(ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array());
    }
}
