package io.yuebing.model.weights;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.Stream;

/**
 * The table that turns token ids into rows, read straight from the file: a step needs few of its rows.
 *
 * @param data {@code [rows][columns]} of {@code type}
 */
public record Embedding(TensorType type, int rows, int columns, MemorySegment data) {
    static final List<TensorType> TYPES = Stream.concat(FloatFormat.TYPES.stream(), BlockFormat.TYPES.stream())
            .toList();

    static Embedding map(TensorInfo tensor, Arena arena) {
        return new Embedding(
                tensor.type(),
                Math.toIntExact(tensor.shape().get(0)),
                Math.toIntExact(tensor.shape().get(1)),
                Checkpoint.map(tensor, arena));
    }

    /**
     * Writes the row of a token.
     *
     * @throws IllegalArgumentException if {@code token} is not in {@code [0, rows)}
     */
    public void row(int token, float[] into, int offset) {
        if (token < 0 || token >= rows) {
            throw new IllegalArgumentException("token id " + token + " is not in [0, " + (rows - 1) + "]");
        }
        if (type.elements() == 1) {
            FloatFormat.widen(type, data, (long) token * columns, into, offset, columns);
        } else {
            BlockFormat.widen(type, data, (long) token * columns, into, offset, columns);
        }
    }
}
