package io.yuebing.bench.make;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A tensor that is to be written.
 *
 * @param name in the file
 * @param type the element type as the file's format names it
 * @param shape rows before columns
 * @param bytes its size
 * @param fill its content
 */
record PlannedTensor(String name, String type, List<Integer> shape, long bytes, Fill fill) {
    private static final int PIECE = Fill.UNIT * 2048;

    /** Writes the content; the same for the same seed and name. */
    void write(WritableByteChannel to, long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed * 31 + name.hashCode());
        ByteBuffer piece = ByteBuffer.allocate((int) Math.min(PIECE, bytes)).order(ByteOrder.LITTLE_ENDIAN);
        for (long left = bytes; left > 0; left -= piece.limit()) {
            piece.clear().limit((int) Math.min(piece.capacity(), left));
            fill.into(piece, random);
            piece.flip();
            while (piece.hasRemaining()) {
                to.write(piece);
            }
        }
    }
}
