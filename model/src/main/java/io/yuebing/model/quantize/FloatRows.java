package io.yuebing.model.quantize;

import io.yuebing.api.UserError;
import io.yuebing.model.weights.Checkpoint;
import io.yuebing.model.weights.FloatFormat;
import io.yuebing.model.weights.TensorInfo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The rows of a float matrix in a file. */
final class FloatRows implements Gptq.Rows {
    private final TensorInfo tensor;
    private final int inputs;
    private final MemorySegment data;

    /** @param arena keeps the file mapped */
    FloatRows(TensorInfo tensor, int inputs, Arena arena) {
        this.tensor = tensor;
        this.inputs = inputs;
        this.data = Checkpoint.map(tensor, arena);
    }

    @Override
    public void read(int first, int count, float[] to) {
        long from = (long) first * inputs;
        FloatFormat.widen(tensor.type(), data, from, to, 0, count * inputs);
        for (int i = 0; i < count * inputs; i++) {
            if (!Float.isFinite(to[i])) {
                throw new UserError(tensor.file() + ": tensor " + tensor.name() + " at offset "
                        + (tensor.offset() + (from + i) * tensor.type().bytes())
                        + " must be a finite number, found " + to[i] + "; fetch the file again");
            }
        }
    }
}
