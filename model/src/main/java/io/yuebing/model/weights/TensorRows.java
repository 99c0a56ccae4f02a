package io.yuebing.model.weights;

import io.yuebing.api.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;

/**
 * Reads a tensor some rows at a time, so that loading a large matrix needs no more memory than a few rows.
 *
 * <p>Rows come in the model's order, whatever the file's is.
 */
final class TensorRows implements AutoCloseable {
    private final TensorInfo tensor;
    private final int rows;
    private final FileChannel channel;

    private TensorRows(TensorInfo tensor, int rows, FileChannel channel) {
        this.tensor = tensor;
        this.rows = rows;
        this.channel = channel;
    }

    /**
     * Opens the file.
     *
     * @param rows of the whole tensor
     */
    static TensorRows open(TensorInfo tensor, int rows) {
        try {
            return new TensorRows(tensor, rows, FileChannel.open(tensor.file(), StandardOpenOption.READ));
        } catch (IOException e) {
            throw cannotRead(tensor, e);
        }
    }

    int rowBytes() {
        return Math.toIntExact(tensor.bytes() / rows);
    }

    /** Reads {@code count} rows from the beginning of {@code into}. */
    void read(int first, int count, byte[] into) {
        int rowBytes = rowBytes();
        int together = tensor.rows().pairedHeads() == 0 ? count : 1;
        try {
            for (int row = 0; row < count; row += together) {
                long at = tensor.offset() + tensor.rows().stored(first + row, rows) * rowBytes;
                read(ByteBuffer.wrap(into, row * rowBytes, together * rowBytes), at);
            }
        } catch (IOException e) {
            throw cannotRead(tensor, e);
        }
    }

    private void read(ByteBuffer into, long at) throws IOException {
        long from = at - into.position();
        while (into.hasRemaining()) {
            if (channel.read(into, from + into.position()) < 0) {
                throw Checkpoint.truncated(tensor, channel.size());
            }
        }
    }

    private static UserError cannotRead(TensorInfo tensor, IOException e) {
        return new UserError("cannot read tensor " + tensor.name() + " of " + tensor.file() + ": " + e, e);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw cannotRead(tensor, e);
        }
    }
}
