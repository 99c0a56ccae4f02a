package io.yuebing.model.weights;

import io.yuebing.kernels.Linear;
import io.yuebing.kernels.Linears;
import io.yuebing.kernels.PackedLinear;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A file of packed matrices, each as it lies in memory: to be read, or mapped and used in place.
 *
 * <pre>
 * 0        parts of the matrices, each from a multiple of 4096 on
 * size-n   table: text key, int matrices, for each: text name, text form, int parts,
 *                 for each: long offset, long bytes, int CRC32C          (big endian, as DataOutput writes)
 * size-16  int bytes of the table, int CRC32C of the table, "YBPACKED"
 * </pre>
 *
 * The table comes last because it is known last; a file that was not finished has none.
 */
final class PackedFile {
    private static final int ALIGNMENT = 4096;
    private static final int TRAILER_BYTES = 16;
    private static final long MAGIC = 0x59425041_434B4544L;
    private static final int MAX_TABLE_BYTES = 64 << 20;
    private static final int PIECE = 64 << 20;

    /** What is read at once: still in a cache when its checksum is taken. */
    private static final int READ_BYTES = 256 << 10;

    private PackedFile() {}

    /** A range of the file with its checksum. */
    private record Part(long offset, long bytes, int crc) {}

    private record Matrix(String name, String form, List<Part> parts) {}

    private static int crc(MemorySegment segment) {
        CRC32C crc = new CRC32C();
        for (long at = 0; at < segment.byteSize(); at += PIECE) {
            crc.update(piece(segment, at));
        }
        return (int) crc.getValue();
    }

    /** Buffers hold less than 2 GiB. */
    private static ByteBuffer piece(MemorySegment segment, long at) {
        return segment.asSlice(at, Math.min(PIECE, segment.byteSize() - at)).asByteBuffer();
    }

    /** Writes a file, matrix by matrix, from any threads. */
    static final class Writer implements AutoCloseable {
        private final FileChannel channel;
        private final String key;
        private final long limit;
        private final Map<Integer, Matrix> matrices = new TreeMap<>();
        private long end;

        /** @param limit bytes that the file may have */
        Writer(Path file, String key, long limit) throws IOException {
            this.channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            this.key = key;
            this.limit = limit;
        }

        /**
         * Writes a matrix.
         *
         * @param index its place in the table
         */
        void add(int index, String name, PackedLinear packed) throws IOException {
            List<Part> parts = new ArrayList<>();
            for (MemorySegment part : packed.parts()) {
                long offset = reserve(part.byteSize());
                for (long at = 0; at < part.byteSize(); at += PIECE) {
                    write(piece(part, at), offset + at);
                }
                parts.add(new Part(offset, part.byteSize(), crc(part)));
            }
            synchronized (this) {
                matrices.put(index, new Matrix(name, packed.form(), parts));
            }
        }

        private synchronized long reserve(long bytes) throws IOException {
            long offset = end;
            end = Math.ceilDiv(offset + bytes, (long) ALIGNMENT) * ALIGNMENT;
            if (end > limit) {
                throw new IOException("the cache's limit of " + (limit >> 20) + " MiB is reached");
            }
            return offset;
        }

        private void write(ByteBuffer bytes, long offset) throws IOException {
            while (bytes.hasRemaining()) {
                offset += channel.write(bytes, offset);
            }
        }

        /** Writes the table and makes sure that all is on the disk. */
        synchronized void finish() throws IOException {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(bytes);
            out.writeUTF(key);
            out.writeInt(matrices.size());
            for (Matrix matrix : matrices.values()) {
                out.writeUTF(matrix.name);
                out.writeUTF(matrix.form);
                out.writeInt(matrix.parts.size());
                for (Part part : matrix.parts) {
                    out.writeLong(part.offset);
                    out.writeLong(part.bytes);
                    out.writeInt(part.crc);
                }
            }
            byte[] table = bytes.toByteArray();
            ByteBuffer tail = ByteBuffer.allocate(table.length + TRAILER_BYTES).put(table);
            tail.putInt(table.length).putInt(crc(MemorySegment.ofArray(table))).putLong(MAGIC);
            write(tail.flip(), end);
            channel.force(true);
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    /** An open file whose table is sound; its parts are not looked at yet. */
    record Contents(FileChannel channel, @Nullable MemorySegment mapped, List<Matrix> matrices)
            implements AutoCloseable {

        String name(int index) {
            return matrices.get(index).name;
        }

        int size() {
            return matrices.size();
        }

        long bytesOf(int index) {
            return matrices.get(index).parts.stream().mapToLong(Part::bytes).sum();
        }

        /**
         * A matrix, in its place if the file is mapped: then processes share it, but decoding from a file's pages, even from
         * large ones, takes longer than from those of a {@link io.yuebing.kernels.LargePageArena}.
         *
         * @throws IOException if its bytes are not those that were written
         */
        Linear linear(int index, float[] bias, Arena arena) throws IOException {
            Matrix matrix = matrices.get(index);
            List<MemorySegment> parts = new ArrayList<>();
            for (Part part : matrix.parts) {
                MemorySegment segment = mapped == null
                        ? arena.allocate(part.bytes, ALIGNMENT)
                        : mapped.asSlice(part.offset, part.bytes);
                int found = mapped == null ? read(segment, part.offset) : crc(segment);
                if (found != part.crc) {
                    throw new IOException(String.format(
                            "the checksum of %s at offset %d is %08x, expected %08x",
                            matrix.name, part.offset, found, part.crc));
                }
                parts.add(segment);
            }
            try {
                return Linears.ofPacked(new PackedLinear(matrix.form, parts), bias);
            } catch (IllegalArgumentException e) {
                throw new IOException(matrix.name + ": " + e.getMessage(), e);
            }
        }

        /** Fills a part and returns its checksum. */
        private int read(MemorySegment part, long offset) throws IOException {
            CRC32C crc = new CRC32C();
            for (long at = 0; at < part.byteSize(); at += READ_BYTES) {
                long bytes = Math.min(READ_BYTES, part.byteSize() - at);
                ByteBuffer piece = part.asSlice(at, bytes).asByteBuffer();
                fill(piece, channel, offset + at);
                crc.update(piece.flip());
            }
            return (int) crc.getValue();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    /**
     * Opens a file and checks its table.
     *
     * @param mapInto owns the file's bytes in memory; empty = matrices are read
     * @throws IOException if it cannot be read, is damaged or has another key
     */
    static Contents open(Path file, String key, Optional<Arena> mapInto) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        try {
            List<Matrix> matrices = matrices(channel, key);
            MemorySegment mapped = mapInto.isPresent()
                    ? channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), mapInto.get())
                    : null;
            return new Contents(channel, mapped, matrices);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private static List<Matrix> matrices(FileChannel channel, String key) throws IOException {
        long size = channel.size();
        if (size < TRAILER_BYTES) {
            throw new IOException("it has only " + size + " bytes");
        }
        ByteBuffer trailer = read(channel, size - TRAILER_BYTES, TRAILER_BYTES);
        int tableBytes = trailer.getInt();
        int tableCrc = trailer.getInt();
        if (trailer.getLong() != MAGIC) {
            throw new IOException("it does not end as a finished file does");
        }
        if (tableBytes < 0 || tableBytes > Math.min(MAX_TABLE_BYTES, size - TRAILER_BYTES)) {
            throw new IOException("its table has " + tableBytes + " bytes");
        }
        long dataBytes = size - TRAILER_BYTES - tableBytes;
        byte[] table = read(channel, dataBytes, tableBytes).array();
        if (crc(MemorySegment.ofArray(table)) != tableCrc) {
            throw new IOException("the checksum of its table is wrong");
        }
        return matrices(table, key, dataBytes);
    }

    private static ByteBuffer read(FileChannel channel, long offset, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        fill(buffer, channel, offset);
        return buffer.flip();
    }

    private static void fill(ByteBuffer buffer, FileChannel channel, long offset) throws IOException {
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, offset + buffer.position()) < 0) {
                throw new IOException("it became shorter while it was read");
            }
        }
    }

    private static List<Matrix> matrices(byte[] table, String key, long dataBytes) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(table));
        String found = in.readUTF();
        if (!found.equals(key)) {
            throw new IOException("it was made for '" + found + "'");
        }
        List<Matrix> matrices = new ArrayList<>();
        int count = in.readInt();
        for (int i = 0; i < count; i++) {
            String name = in.readUTF();
            String form = in.readUTF();
            List<Part> parts = new ArrayList<>();
            int partCount = in.readInt();
            for (int p = 0; p < partCount; p++) {
                Part part = new Part(in.readLong(), in.readLong(), in.readInt());
                if (part.offset < 0 || part.bytes < 0 || part.offset > dataBytes - part.bytes) {
                    throw new IOException("part " + p + " of " + name + " lies outside of it");
                }
                parts.add(part);
            }
            matrices.add(new Matrix(name, form, parts));
        }
        return matrices;
    }
}
