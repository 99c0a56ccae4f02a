package io.yuebing.model.weights;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * In which order a file has the rows of a matrix.
 *
 * <p>Rotary embedding turns channel {@code i} of a head with channel {@code i + size / 2}. For Llama, GGUF files have the
 * two side by side, because ggml turns neighbours: rows {@code 0, size/2, 1, size/2 + 1, ...} of each head.
 *
 * @param pairedHeads number of heads whose rows lie so; 0 if all rows lie in order
 */
public record RowOrder(int pairedHeads) {
    static final RowOrder PLAIN = new RowOrder(0);

    /** The rows in order: {@code data} itself, or a copy in the arena. */
    MemorySegment restore(MemorySegment data, long rows, Arena arena) {
        if (pairedHeads == 0) {
            return data;
        }
        long rowBytes = data.byteSize() / rows;
        MemorySegment ordered = arena.allocate(data.byteSize(), Long.BYTES);
        for (long row = 0; row < rows; row++) {
            MemorySegment.copy(data, stored(row, rows) * rowBytes, ordered, row * rowBytes, rowBytes);
        }
        return ordered;
    }

    /** Where the file has row {@code row} of {@code rows}. */
    long stored(long row, long rows) {
        if (pairedHeads == 0) {
            return row;
        }
        long headSize = rows / pairedHeads;
        long channel = row % headSize;
        return row - channel + channel % (headSize / 2) * 2 + channel / (headSize / 2);
    }
}
