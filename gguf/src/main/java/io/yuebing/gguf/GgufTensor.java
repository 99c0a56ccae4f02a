package io.yuebing.gguf;

import java.nio.file.Path;
import java.util.List;

/**
 * Where a tensor lies; checked against the file's size.
 *
 * @param file the file
 * @param name as in the file, for example {@code blk.0.attn_q.weight}
 * @param type type of the elements
 * @param shape sizes from the outermost to the innermost axis (the file has them in the other order)
 * @param offset bytes from the start of the file to the first block
 * @param bytes bytes of all blocks
 */
public record GgufTensor(Path file, String name, GgmlType type, List<Long> shape, long offset, long bytes) {
    public GgufTensor {
        shape = List.copyOf(shape);
    }
}
