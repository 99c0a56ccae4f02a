package io.yuebing.gguf;

import io.yuebing.api.Shown;
import io.yuebing.api.UserError;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Reads the front of a GGUF file, version 2 or 3, without trusting it.
 *
 * <pre>
 * "GGUF"  u32 version  u64 tensors  u64 metadata entries
 * entry   text key  u32 kind  value              text = u64 length, UTF-8;  list = u32 kind  u64 count  values
 * tensor  text name  u32 axes  u64 size of each axis, innermost first  u32 type  u64 offset
 * data    from the next multiple of general.alignment (32) on; offsets count from there
 * </pre>
 *
 * <p>After reading, every tensor lies within the file, has whole blocks in its rows, and no two overlap. The format is
 * described in docs/gguf.md of github.com/ggml-org/ggml.
 */
final class GgufReader {
    private static final int MAGIC = 'G' | 'G' << 8 | 'U' << 16 | 'F' << 24;
    private static final int MAX_AXES = 4;
    private static final int DEFAULT_ALIGNMENT = 32;
    private static final int MAX_ALIGNMENT = 1 << 20;

    /** Far more than any model has; each entry of such a table takes some hundred bytes of memory. */
    private static final long MAX_ENTRIES = 1 << 18;

    /** Lists are kept in memory; the largest vocabularies with their merges take 20 MiB. */
    private static final long MAX_METADATA_BYTES = 256 << 20;

    private static final int LEAST_ENTRY_BYTES = 13;
    private static final int LEAST_TENSOR_BYTES = 32;

    private final Path file;
    private final MemorySegment bytes;
    private final GgufCursor cursor;

    private GgufReader(Path file, MemorySegment bytes) {
        this.file = file;
        this.bytes = bytes;
        this.cursor = new GgufCursor(file, bytes, 0);
    }

    /** What one file holds. */
    record Content(GgufMetadata metadata, List<GgufTensor> tensors) {}

    /**
     * Reads a file.
     *
     * @throws UserError naming the file, and the key or tensor and offset where there is one
     */
    static Content read(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
                Arena mapping = Arena.ofConfined()) {
            return new GgufReader(file, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), mapping))
                    .content();
        } catch (NoSuchFileException e) {
            throw new UserError(file + " does not exist", e);
        } catch (IOException e) {
            throw new UserError("cannot read " + file + ": " + e, e);
        }
    }

    private Content content() {
        checkStart();
        long tensorCount = count("tensors", LEAST_TENSOR_BYTES);
        long entryCount = count("metadata entries", LEAST_ENTRY_BYTES);
        Map<String, GgufValue> values = new LinkedHashMap<>();
        for (long i = 0; i < entryCount; i++) {
            readEntry(values);
        }
        GgufMetadata metadata = new GgufMetadata(file.toString(), Collections.unmodifiableMap(values));
        int alignment = alignment(metadata);
        List<Unplaced> unplaced = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (long i = 0; i < tensorCount; i++) {
            Unplaced tensor = readTensor();
            if (!names.add(tensor.name())) {
                throw new UserError(file + ": tensor " + tensor.name() + " is described twice, again at offset "
                        + tensor.describedAt() + "; names must differ");
            }
            unplaced.add(tensor);
        }
        long dataStart = Math.ceilDiv(cursor.position(), (long) alignment) * alignment;
        List<GgufTensor> tensors = new ArrayList<>();
        for (Unplaced tensor : unplaced) {
            tensors.add(place(tensor, dataStart, alignment));
        }
        tensors.sort(Comparator.comparingLong(GgufTensor::offset).thenComparingLong(GgufTensor::bytes));
        checkOverlap(tensors);
        return new Content(metadata, tensors);
    }

    private void checkStart() {
        if (bytes.byteSize() < Integer.BYTES) {
            throw new UserError(file + ": truncated: a GGUF file starts with 'GGUF' at offset 0, found "
                    + bytes.byteSize() + " bytes; fetch the file again");
        }
        int magic = cursor.i32("the magic");
        if (magic != MAGIC) {
            throw new UserError(String.format(
                    "%s: a GGUF file starts with the bytes 47 47 55 46 ('GGUF') at offset 0, found %08x; this is no"
                            + " GGUF file, or a damaged one",
                    file, Integer.reverseBytes(magic)));
        }
        int version = cursor.i32("the version");
        if (version != 2 && version != 3) {
            boolean bigEndian = Integer.reverseBytes(version) == 2 || Integer.reverseBytes(version) == 3;
            throw new UserError(file + ": the version at offset 4 must be 2 or 3, found "
                    + (bigEndian
                            ? Integer.reverseBytes(version) + " in big-endian order; convert the file to little endian"
                            : Integer.toUnsignedString(version) + "; convert the model anew with llama.cpp's tools"));
        }
    }

    private long count(String what, int leastBytes) {
        long at = cursor.position();
        long count = cursor.i64("the number of " + what);
        long most = Math.min(MAX_ENTRIES, cursor.remaining() / leastBytes);
        if (count < 0 || count > most) {
            throw new UserError(file + ": the number of " + what + " at offset " + at + " must be in [0, " + most
                    + "] for a file of " + bytes.byteSize() + " bytes, found " + Long.toUnsignedString(count)
                    + "; fetch the file again");
        }
        return count;
    }

    private void readEntry(Map<String, GgufValue> values) {
        long at = cursor.position();
        String key = cursor.text("a metadata key");
        String what = "metadata key " + Shown.of(key);
        ValueKind kind = kind(what);
        GgufValue value = kind == ValueKind.ARRAY ? array(what) : scalar(cursor, kind, what);
        if (values.put(key, value) != null) {
            throw new UserError(file + ": " + what + " occurs twice, again at offset " + at);
        }
    }

    private ValueKind kind(String what) {
        long at = cursor.position();
        int number = cursor.i32("the type of " + what);
        return ValueKind.of(number)
                .orElseThrow(() -> new UserError(file + ": " + what + " has type " + Integer.toUnsignedString(number)
                        + " at offset " + at + ", expected one in [0, " + (ValueKind.values().length - 1) + "]"));
    }

    private GgufValue array(String what) {
        long kindAt = cursor.position();
        ValueKind element = kind(what);
        if (element == ValueKind.ARRAY) {
            throw new UserError(file + ": " + what + " is a list of lists at offset " + kindAt
                    + "; lists of scalars are supported");
        }
        long countAt = cursor.position();
        long count = cursor.i64("the length of " + what);
        long most = cursor.remaining() / element.leastBytes();
        if (count < 0 || count > most) {
            throw new UserError(file + ": " + what + " has " + Long.toUnsignedString(count)
                    + " elements by offset " + countAt + ", the rest of the file has room for " + most
                    + "; fetch the file again");
        }
        long start = cursor.position();
        if (element == ValueKind.TEXT) {
            for (long i = 0; i < count; i++) {
                cursor.skipText(what);
            }
        } else {
            cursor.advance(count * element.leastBytes(), what);
        }
        if (cursor.position() > MAX_METADATA_BYTES) {
            throw new UserError(file + ": " + what + " ends at offset " + cursor.position()
                    + ", expected all metadata within the first " + MAX_METADATA_BYTES + " bytes");
        }
        long length = cursor.position() - start;
        byte[] elements = new byte[(int) length];
        MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, start, elements, 0, elements.length);
        return new GgufValue.Array(element, count, MemorySegment.ofArray(elements));
    }

    /** Reads a value that is no list. */
    static GgufValue scalar(GgufCursor cursor, ValueKind kind, String what) {
        return switch (kind) {
            case U8 -> new GgufValue.Whole(cursor.u8(what));
            case I8 -> new GgufValue.Whole((byte) cursor.u8(what));
            case U16 -> new GgufValue.Whole(Short.toUnsignedInt(cursor.i16(what)));
            case I16 -> new GgufValue.Whole(cursor.i16(what));
            case U32 -> new GgufValue.Whole(Integer.toUnsignedLong(cursor.i32(what)));
            case I32 -> new GgufValue.Whole(cursor.i32(what));
            case U64, I64 -> new GgufValue.Whole(cursor.i64(what));
            case F32 -> new GgufValue.Real(Float.intBitsToFloat(cursor.i32(what)));
            case F64 -> new GgufValue.Real(Double.longBitsToDouble(cursor.i64(what)));
            case BOOL -> new GgufValue.Bool(cursor.u8(what) != 0);
            case TEXT -> new GgufValue.Text(cursor.text(what));
            case ARRAY -> throw new IllegalArgumentException("a list is no scalar");
        };
    }

    private int alignment(GgufMetadata metadata) {
        OptionalLong alignment = metadata.whole("general.alignment", 1, MAX_ALIGNMENT);
        if (alignment.isPresent() && Long.bitCount(alignment.getAsLong()) != 1) {
            throw new UserError(
                    file + ": metadata key general.alignment must be a power of two, found " + alignment.getAsLong());
        }
        return (int) alignment.orElse(DEFAULT_ALIGNMENT);
    }

    /** A tensor whose place is not known before all are read. */
    private record Unplaced(
            String name, GgmlType type, List<Long> shape, long bytes, long relativeOffset, long describedAt) {}

    private Unplaced readTensor() {
        long at = cursor.position();
        String name = cursor.text("a tensor's name");
        String what = "tensor " + Shown.of(name);
        int axes = cursor.i32(what);
        if (axes < 1 || axes > MAX_AXES) {
            throw new UserError(file + ": " + what + ", described at offset " + at + ", must have 1 to " + MAX_AXES
                    + " axes, found " + Integer.toUnsignedString(axes));
        }
        List<Long> shape = new ArrayList<>();
        for (int axis = 0; axis < axes; axis++) {
            shape.addFirst(cursor.i64(what));
        }
        int typeId = cursor.i32(what);
        GgmlType type = GgmlType.of(typeId)
                .orElseThrow(() -> new UserError(file + ": " + what + ", described at offset " + at + ", has type "
                        + GgmlType.describe(typeId) + ", which is not supported; supported: "
                        + List.of(GgmlType.values()) + "; convert it with llama.cpp's llama-quantize"));
        return new Unplaced(name, type, shape, tensorBytes(what, at, type, shape), cursor.i64(what), at);
    }

    private long tensorBytes(String what, long at, GgmlType type, List<Long> shape) {
        long row = shape.getLast();
        if (shape.stream().anyMatch(size -> size < 1)) {
            throw new UserError(file + ": " + what + ", described at offset " + at + ", has sizes " + shape
                    + ", expected at least 1 in each axis");
        }
        if (row % type.blockElements() != 0) {
            throw new UserError(file + ": " + what + ", described at offset " + at + ", has rows of " + row
                    + " elements, expected a multiple of " + type.blockElements() + ", the block of " + type);
        }
        try {
            long blocks = row / type.blockElements();
            for (long size : shape.subList(0, shape.size() - 1)) {
                blocks = Math.multiplyExact(blocks, size);
            }
            long bytesOfAll = Math.multiplyExact(blocks, (long) type.blockBytes());
            Math.multiplyExact(blocks, (long) type.blockElements());
            return bytesOfAll;
        } catch (ArithmeticException e) {
            throw new UserError(
                    file + ": " + what + ", described at offset " + at + ", has sizes " + shape
                            + ", more than a 64-bit number counts",
                    e);
        }
    }

    private GgufTensor place(Unplaced tensor, long dataStart, int alignment) {
        long relative = tensor.relativeOffset();
        long room = bytes.byteSize() - dataStart;
        if (relative < 0 || relative % alignment != 0) {
            throw new UserError(file + ": tensor " + tensor.name() + " has data offset "
                    + Long.toUnsignedString(relative) + ", expected a multiple of the alignment " + alignment);
        }
        if (relative > room || tensor.bytes() > room - relative) {
            throw new UserError(file + ": truncated: tensor " + tensor.name() + " has " + tensor.bytes()
                    + " bytes from data offset " + relative + " (data start at offset " + dataStart + "), the file has "
                    + bytes.byteSize() + " bytes; fetch the file again");
        }
        return new GgufTensor(file, tensor.name(), tensor.type(), tensor.shape(), dataStart + relative, tensor.bytes());
    }

    private void checkOverlap(List<GgufTensor> sorted) {
        for (int i = 1; i < sorted.size(); i++) {
            GgufTensor before = sorted.get(i - 1);
            GgufTensor tensor = sorted.get(i);
            if (before.offset() + before.bytes() > tensor.offset()) {
                throw new UserError(file + ": tensor " + tensor.name() + " starts at offset " + tensor.offset()
                        + ", inside tensor " + before.name() + ", which ends at " + (before.offset() + before.bytes())
                        + "; tensors must not overlap");
            }
        }
    }
}
