package io.yuebing.kv;

import java.lang.foreign.MemorySegment;

/**
 * Transposes a matrix of short runs: {@code [row][column]} becomes {@code [column][row]}.
 *
 * <p>Tiles are read into a scratch array that stays in the first-level cache, transposed there within 64-bit words and
 * written out, so memory sees only long contiguous reads and writes. Runs of 1, 2 and 4 bytes are exchanged in squares
 * of 8, 4 and 2 (Warren, Hacker's Delight, 7-3); longer runs are moved word by word.
 */
final class TileTranspose implements LoopNest.Kernel {
    private static final int TILE_BYTES = 8 << 10;
    private static final long HALVES = 0xFFFF_FFFFL;
    private static final long QUARTERS = 0x0000_FFFF_0000_FFFFL;
    private static final long EIGHTHS = 0x00FF_00FF_00FF_00FFL;

    private final int run;
    private final long rows;
    private final long rowStride;
    private final long columns;
    private final long columnStride;
    private final int tileRows;
    private final int tileColumns;
    private final long[] in;
    private final long[] out;
    private final MemorySegment inBytes;
    private final MemorySegment outBytes;

    /**
     * A matrix whose columns are neighbours in the source and whose rows are neighbours in the target.
     *
     * @param run bytes that stay together
     * @param rowStride bytes between rows in the source
     * @param columnStride bytes between columns in the target
     */
    TileTranspose(int run, long rows, long rowStride, long columns, long columnStride) {
        this.run = run;
        this.rows = rows;
        this.rowStride = rowStride;
        this.columns = columns;
        this.columnStride = columnStride;
        this.tileRows = (int) Math.min(rows, 64);
        this.tileColumns = (int) Math.min(columns, Math.max(8, TILE_BYTES / run / tileRows / 8 * 8));
        this.in = new long[words(tileColumns) * padded(tileRows)];
        this.out = new long[words(tileRows) * padded(tileColumns)];
        this.inBytes = MemorySegment.ofArray(in);
        this.outBytes = MemorySegment.ofArray(out);
    }

    /** Whether runs of this many bytes can be exchanged within words. */
    static boolean possible(long run) {
        return run == 1 || run == 2 || run == 4 || run % Long.BYTES == 0;
    }

    /** Words of {@code count} runs, the last perhaps partly used. */
    private int words(int count) {
        return Math.ceilDiv(count * run, Long.BYTES);
    }

    /** Up to a whole number of squares. */
    private int padded(int count) {
        int square = Math.max(1, Long.BYTES / run);
        return Math.ceilDiv(count, square) * square;
    }

    @Override
    public void copy(MemorySegment source, long sourceOffset, MemorySegment target, long targetOffset) {
        for (long row = 0; row < rows; row += tileRows) {
            int height = (int) Math.min(tileRows, rows - row);
            for (long column = 0; column < columns; column += tileColumns) {
                int width = (int) Math.min(tileColumns, columns - column);
                read(source, sourceOffset + row * rowStride + column * run, height, width);
                transpose(height, width);
                write(target, targetOffset + column * columnStride + row * run, height, width);
            }
        }
    }

    private void read(MemorySegment source, long at, int height, int width) {
        int bytes = width * run;
        long pitch = (long) words(width) * Long.BYTES;
        if (rowStride == bytes && pitch == bytes) {
            MemorySegment.copy(source, at, inBytes, 0, (long) height * bytes);
            return;
        }
        for (int row = 0; row < height; row++) {
            MemorySegment.copy(source, at + row * rowStride, inBytes, row * pitch, bytes);
        }
    }

    private void write(MemorySegment target, long at, int height, int width) {
        int bytes = height * run;
        long pitch = (long) words(height) * Long.BYTES;
        if (columnStride == bytes && pitch == bytes) {
            MemorySegment.copy(outBytes, 0, target, at, (long) width * bytes);
            return;
        }
        for (int column = 0; column < width; column++) {
            MemorySegment.copy(outBytes, column * pitch, target, at + column * columnStride, bytes);
        }
    }

    private void transpose(int height, int width) {
        int inPitch = words(width);
        int outPitch = words(height);
        switch (run) {
            case 1 -> bytes(in, inPitch, out, outPitch);
            case 2 -> shorts(in, inPitch, out, outPitch);
            case 4 -> ints(in, inPitch, out, outPitch);
            case 16 -> pairs(in, inPitch, out, height, width);
            default -> words(in, inPitch, out, outPitch, height, width, run / Long.BYTES);
        }
    }

    private static void words(long[] in, int inPitch, long[] out, int outPitch, int height, int width, int words) {
        for (int column = 0; column < width; column++) {
            for (int row = 0; row < height; row++) {
                for (int i = 0; i < words; i++) {
                    out[column * outPitch + row * words + i] = in[row * inPitch + column * words + i];
                }
            }
        }
    }

    /** {@link #words} for the 16 bytes in which PagedAttention packs keys. */
    private static void pairs(long[] in, int inPitch, long[] out, int height, int width) {
        int to = 0;
        for (int column = 0; column < width; column++) {
            int from = 2 * column;
            for (int row = 0; row < height; row++) {
                long first = in[from];
                long second = in[from + 1];
                out[to] = first;
                out[to + 1] = second;
                from += inPitch;
                to += 2;
            }
        }
    }

    private static void ints(long[] in, int inPitch, long[] out, int outPitch) {
        for (int y = 0; y < outPitch; y++) {
            for (int x = 0; x < inPitch; x++) {
                long a = in[2 * y * inPitch + x];
                long b = in[(2 * y + 1) * inPitch + x];
                out[2 * x * outPitch + y] = a & HALVES | b << 32;
                out[(2 * x + 1) * outPitch + y] = a >>> 32 | b & ~HALVES;
            }
        }
    }

    private static void shorts(long[] in, int inPitch, long[] out, int outPitch) {
        for (int y = 0; y < outPitch; y++) {
            int row = 4 * y * inPitch;
            for (int x = 0; x < inPitch; x++) {
                long a = in[row + x];
                long b = in[row + inPitch + x];
                long c = in[row + 2 * inPitch + x];
                long d = in[row + 3 * inPitch + x];
                long evenAb = a & QUARTERS | (b & QUARTERS) << 16;
                long oddAb = a >>> 16 & QUARTERS | b & ~QUARTERS;
                long evenCd = c & QUARTERS | (d & QUARTERS) << 16;
                long oddCd = c >>> 16 & QUARTERS | d & ~QUARTERS;
                int column = 4 * x * outPitch + y;
                out[column] = evenAb & HALVES | evenCd << 32;
                out[column + outPitch] = oddAb & HALVES | oddCd << 32;
                out[column + 2 * outPitch] = evenAb >>> 32 | evenCd & ~HALVES;
                out[column + 3 * outPitch] = oddAb >>> 32 | oddCd & ~HALVES;
            }
        }
    }

    private static void bytes(long[] in, int inPitch, long[] out, int outPitch) {
        long[] square = new long[8];
        for (int y = 0; y < outPitch; y++) {
            for (int x = 0; x < inPitch; x++) {
                for (int i = 0; i < 8; i++) {
                    square[i] = in[(8 * y + i) * inPitch + x];
                }
                exchange(square, 1, 8, EIGHTHS);
                exchange(square, 2, 16, QUARTERS);
                exchange(square, 4, 32, HALVES);
                for (int i = 0; i < 8; i++) {
                    out[(8 * x + i) * outPitch + y] = square[i];
                }
            }
        }
    }

    /** Exchanges the upper part of each row with the lower part of the row {@code distance} below. */
    private static void exchange(long[] square, int distance, int bits, long lower) {
        for (int i = 0; i < 8; i++) {
            if ((i & distance) == 0) {
                long a = square[i];
                long b = square[i + distance];
                square[i] = a & lower | (b & lower) << bits;
                square[i + distance] = a >>> bits & lower | b & ~lower;
            }
        }
    }
}
