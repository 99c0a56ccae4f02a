package io.yuebing.model.weights;

import io.yuebing.api.UserError;
import io.yuebing.model.json.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Reads the header of a safetensors file without trusting it.
 *
 * <pre>
 * offset 0      8 bytes  length n of the header, little endian
 *        8      n bytes  JSON: {"name": {"dtype": "F16", "shape": [2, 3], "data_offsets": [from, to]}, ...},
 *                        "__metadata__" holds strings; spaces may follow the object
 *        8 + n           data; offsets count from here
 * </pre>
 *
 * <p>After reading, every tensor lies within the file, its bytes are those of its shape, and no two overlap. The format
 * is described in the README of github.com/huggingface/safetensors.
 */
final class SafetensorsHeader {
    /** The limit of the reference implementation. */
    private static final long MAX_HEADER_BYTES = 100_000_000;

    private static final int LENGTH_BYTES = 8;

    private SafetensorsHeader() {}

    /**
     * The tensors of a file, in the order of their offsets.
     *
     * @throws UserError naming the file, and the tensor and offset where there is one
     */
    static List<TensorInfo> read(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            if (size < LENGTH_BYTES) {
                throw new UserError(
                        file + ": truncated: a safetensors file starts with 8 bytes of header length, found " + size
                                + " bytes; fetch the file again");
            }
            long length = readFully(file, channel, 0, LENGTH_BYTES).getLong();
            if (length < 2 || length > MAX_HEADER_BYTES) {
                throw new UserError(
                        file + ": header length at offset 0 must be in [2, " + MAX_HEADER_BYTES + "], found "
                                + Long.toUnsignedString(length) + "; this is no safetensors file, or a damaged one");
            }
            if (length > size - LENGTH_BYTES) {
                throw new UserError(file + ": truncated: the header at offset 8 has " + length
                        + " bytes, the file only " + (size - LENGTH_BYTES) + " after the length; fetch the file again");
            }
            byte[] json = readFully(file, channel, LENGTH_BYTES, (int) length).array();
            return tensors(file, size, LENGTH_BYTES + length, JsonObject.parse(file + ": header", json));
        } catch (NoSuchFileException e) {
            throw new UserError(file + " does not exist", e);
        } catch (IOException e) {
            throw new UserError("cannot read " + file + ": " + e, e);
        }
    }

    private static ByteBuffer readFully(Path file, FileChannel channel, long offset, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, offset + buffer.position()) < 0) {
                throw new UserError(file + ": became shorter while it was read; expected " + bytes + " bytes at offset "
                        + offset + ", found " + buffer.position());
            }
        }
        return buffer.flip();
    }

    private static List<TensorInfo> tensors(Path file, long fileSize, long dataStart, JsonObject header) {
        List<TensorInfo> tensors = new ArrayList<>();
        for (String name : header.fields()) {
            if (!name.equals("__metadata__")) {
                JsonObject entry = header.object(name).orElseThrow(() -> header.missing(name));
                tensors.add(tensor(file, fileSize, dataStart, name, entry));
            }
        }
        tensors.sort(Comparator.comparingLong(TensorInfo::offset).thenComparingLong(TensorInfo::bytes));
        checkOverlap(file, tensors);
        return tensors;
    }

    private static TensorInfo tensor(Path file, long fileSize, long dataStart, String name, JsonObject entry) {
        String typeName = entry.text("dtype").orElseThrow(() -> entry.missing("dtype"));
        TensorType type = TensorType.of(typeName)
                .orElseThrow(() -> new UserError(file + ": tensor " + name + " has unknown dtype '" + typeName
                        + "', expected one of " + List.of(TensorType.values())));
        long[] shape = entry.longs("shape");
        long[] range = entry.longs("data_offsets");
        if (range.length != 2 || range[1] < range[0]) {
            throw new UserError(file + ": tensor " + name + " must have data_offsets [from, to] with from <= to, found "
                    + Arrays.toString(range));
        }
        long expected = shapeBytes(file, name, type, shape);
        long found = range[1] - range[0];
        if (found != expected) {
            throw new UserError(file + ": tensor " + name + " at offset " + position(dataStart, range[0]) + ": shape "
                    + Arrays.toString(shape) + " of " + type + " needs " + expected + " bytes, data_offsets span "
                    + found);
        }
        if (range[1] > fileSize - dataStart) {
            throw new UserError(file + ": truncated: tensor " + name + " at offset " + position(dataStart, range[0])
                    + " ends at byte " + position(dataStart, range[1]) + ", the file has " + fileSize
                    + " bytes; fetch the file again");
        }
        List<Long> sizes = Arrays.stream(shape).boxed().toList();
        return new TensorInfo(file, name, type, sizes, dataStart + range[0], found);
    }

    /** Offsets are only shown, so an absurd one may saturate. */
    private static long position(long dataStart, long offset) {
        return offset > Long.MAX_VALUE - dataStart ? Long.MAX_VALUE : dataStart + offset;
    }

    private static long shapeBytes(Path file, String name, TensorType type, long[] shape) {
        try {
            long bytes = type.bytes();
            for (long size : shape) {
                bytes = Math.multiplyExact(bytes, size);
            }
            return bytes;
        } catch (ArithmeticException e) {
            throw new UserError(
                    file + ": tensor " + name + " has shape " + Arrays.toString(shape)
                            + ", more bytes than a 64-bit number counts",
                    e);
        }
    }

    private static void checkOverlap(Path file, List<TensorInfo> sorted) {
        for (int i = 1; i < sorted.size(); i++) {
            TensorInfo before = sorted.get(i - 1);
            TensorInfo tensor = sorted.get(i);
            if (before.offset() + before.bytes() > tensor.offset()) {
                throw new UserError(file + ": tensor " + tensor.name() + " starts at offset " + tensor.offset()
                        + ", inside tensor " + before.name() + ", which ends at " + (before.offset() + before.bytes())
                        + "; tensors must not overlap");
            }
        }
    }
}
