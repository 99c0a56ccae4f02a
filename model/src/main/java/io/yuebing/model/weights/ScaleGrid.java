package io.yuebing.model.weights;

import io.yuebing.api.UserError;
import java.util.List;

/**
 * A tensor with one value, a scale or a zero point, for each block of a matrix.
 *
 * @param tensor {@code [ceil(outputs / blockOutputs)][ceil(inputs / blockInputs)]}; an axis of one may be left out
 * @param blockOutputs outputs of a block
 * @param blockInputs inputs of a block
 */
record ScaleGrid(TensorInfo tensor, int outputs, int inputs, int blockOutputs, int blockInputs) {

    /**
     * Checks type and shape.
     *
     * @throws UserError if the tensor is missing or has another type or shape
     */
    static ScaleGrid find(
            Checkpoint checkpoint, String name, List<TensorType> types, Blocks blocks, int outputs, int inputs) {
        int blockOutputs = blocks.outputs() == Blocks.WHOLE ? outputs : Math.min(blocks.outputs(), outputs);
        int blockInputs = blocks.inputs() == Blocks.WHOLE ? inputs : Math.min(blocks.inputs(), inputs);
        TensorInfo tensor = checkpoint.require(name);
        if ((long) outputs * inputs > Integer.MAX_VALUE) {
            throw new UserError(tensor.file() + ": tensor " + tensor.name() + " scales a matrix of " + outputs + " x "
                    + inputs + " weights by config.json, expected fewer than 2^31");
        }
        ScaleGrid grid = new ScaleGrid(tensor, outputs, inputs, blockOutputs, blockInputs);
        int axes = tensor.shape().size();
        if (axes == 0 && grid.rows() * (long) grid.groups() == 1) {
            tensor.expect(types);
        } else if (axes == 1 && grid.groups() == 1) {
            tensor.expect(types, grid.rows());
        } else {
            tensor.expect(types, grid.rows(), grid.groups());
        }
        return grid;
    }

    private int rows() {
        return Math.ceilDiv(outputs, blockOutputs);
    }

    int groups() {
        return Math.ceilDiv(inputs, blockInputs);
    }

    /** Values of floats as {@code [groups][outputs]}. */
    float[] floats() {
        float[] values = FloatFormat.read(tensor);
        float[] spread = new float[Math.multiplyExact(groups(), outputs)];
        for (int i = 0; i < spread.length; i++) {
            spread[i] = values[place(i)];
        }
        return spread;
    }

    /** Values of bytes as {@code [groups][outputs]}. */
    byte[] bytes() {
        byte[] values = CodeRows.bytes(tensor);
        byte[] spread = new byte[Math.multiplyExact(groups(), outputs)];
        for (int i = 0; i < spread.length; i++) {
            spread[i] = values[place(i)];
        }
        return spread;
    }

    private int place(int index) {
        return index % outputs / blockOutputs * groups() + index / outputs;
    }
}
