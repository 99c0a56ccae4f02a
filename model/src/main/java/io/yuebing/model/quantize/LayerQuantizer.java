package io.yuebing.model.quantize;

import io.yuebing.api.UserError;
import io.yuebing.kernels.WorkerPool;
import io.yuebing.model.QuantizeOptions;
import io.yuebing.model.weights.Checkpoint;
import io.yuebing.model.weights.SafetensorsWriter;
import io.yuebing.model.weights.TensorInfo;
import io.yuebing.model.weights.WeightLoader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleConsumer;

/** Quantises the matrices of a layer and writes them. */
record LayerQuantizer(Checkpoint source, QuantizeOptions options, SafetensorsWriter writer, WorkerPool pool) {

    /**
     * Quantises matrices; those that share a Hessian share its inverse.
     *
     * @param progress told the share that is done
     * @return how many of them no calibration token reached
     */
    int quantize(List<WeightLoader.Asked> matrices, CalibratedLayer seen, DoubleConsumer progress) throws IOException {
        Map<Hessian, List<WeightLoader.Asked>> byHessian = new LinkedHashMap<>();
        Map<Integer, Hessian> blank = new HashMap<>();
        int unseen = 0;
        for (WeightLoader.Asked matrix : matrices) {
            Optional<Hessian> hessian = seen.of(matrix.name());
            unseen += hessian.isEmpty() ? 1 : 0;
            Hessian own = hessian.orElseGet(
                    () -> blank.computeIfAbsent(matrix.inputs(), inputs -> new Hessian(inputs, pool)));
            byHessian.computeIfAbsent(own, key -> new ArrayList<>()).add(matrix);
        }
        int done = 0;
        for (Map.Entry<Hessian, List<WeightLoader.Asked>> entry : byHessian.entrySet()) {
            progress.accept((double) done / matrices.size());
            quantize(entry.getKey(), entry.getValue());
            done += entry.getValue().size();
        }
        return unseen;
    }

    private void quantize(Hessian hessian, List<WeightLoader.Asked> matrices) throws IOException {
        int inputs = hessian.inputs();
        int groupSize =
                options.groupSize() == QuantizeOptions.WHOLE_COLUMN ? inputs : Math.min(options.groupSize(), inputs);
        double[][] upper = hessian.take();
        double[] squares = diagonal(upper);
        ColumnOrder order = options.actOrder()
                ? ColumnOrder.byActivations(squares, groupSize)
                : ColumnOrder.plain(inputs, groupSize);
        double[][] arranged = options.actOrder() ? order.arrange(upper) : upper;
        double[] weighing = diagonal(arranged);
        if (Arrays.stream(weighing).allMatch(square -> square == 0)) {
            Arrays.fill(weighing, 1); // nothing was seen: all weights matter alike
        }
        String what = matrices.getFirst().name();
        try {
            InverseFactor inverse = InverseFactor.of(arranged, OutputFiles.DAMPING, pool);
            Gptq gptq = new Gptq(inverse, order, weighing, options.bits());
            for (WeightLoader.Asked matrix : matrices) {
                what = matrix.name();
                write(matrix, gptq);
            }
        } catch (ArithmeticException e) {
            throw new UserError(
                    source.require(what + ".weight").file() + ": " + what + " cannot be quantised: " + e.getMessage()
                            + "; check that the model computes finite numbers",
                    e);
        }
    }

    private static double[] diagonal(double[][] upper) {
        double[] diagonal = new double[upper.length];
        for (int i = 0; i < upper.length; i++) {
            diagonal[i] = upper[i][0];
        }
        return diagonal;
    }

    private void write(WeightLoader.Asked matrix, Gptq gptq) throws IOException {
        TensorInfo tensor = source.require(matrix.name() + ".weight");
        try (Arena mapping = Arena.ofShared()) {
            FloatRows rows = new FloatRows(tensor, matrix.inputs(), mapping);
            GptqTensors tensors = new GptqTensors(gptq.quantize(matrix.outputs(), rows, pool));
            writer.write(matrix.name() + ".qweight", tensors.qweight());
            writer.write(matrix.name() + ".qzeros", tensors.qzeros());
            writer.write(matrix.name() + ".scales", tensors.scales());
            writer.write(matrix.name() + ".g_idx", tensors.groupIndex());
        }
    }
}
