package io.yuebing.model.weights;

import io.yuebing.api.UserError;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Where a tensor lies in a file; checked against the file's size.
 *
 * @param file the file
 * @param name as in the file, for example {@code model.norm.weight}
 * @param type type of the elements
 * @param shape sizes from the outermost to the innermost axis; empty for a scalar
 * @param offset bytes from the start of the file to the first element
 * @param bytes bytes of all elements, {@code product(shape) / type.elements() x type.bytes()}
 * @param rows in which order the file has the rows
 */
public record TensorInfo(
        Path file, String name, TensorType type, List<Long> shape, long offset, long bytes, RowOrder rows) {
    public TensorInfo {
        shape = List.copyOf(shape);
    }

    /** A tensor whose rows lie as the model numbers them. */
    public TensorInfo(Path file, String name, TensorType type, List<Long> shape, long offset, long bytes) {
        this(file, name, type, shape, offset, bytes, RowOrder.PLAIN);
    }

    public long elements() {
        return bytes / type.bytes() * type.elements();
    }

    /**
     * Checks type and shape.
     *
     * @throws UserError naming file, tensor, expected and found
     */
    TensorInfo expect(List<TensorType> types, long... expected) {
        if (!types.contains(type)) {
            String names = types.size() == 1 ? types.getFirst().name() : "one of " + types;
            throw new UserError(file + ": tensor " + name + " has type " + type + ", expected " + names);
        }
        boolean same = shape.size() == expected.length;
        for (int i = 0; same && i < expected.length; i++) {
            same = shape.get(i) == expected[i];
        }
        if (!same) {
            throw new UserError(file + ": tensor " + name + " has shape " + shape + ", expected "
                    + Arrays.toString(expected) + " by the model's configuration");
        }
        return this;
    }
}
