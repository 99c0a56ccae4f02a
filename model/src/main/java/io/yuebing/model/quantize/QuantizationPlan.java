package io.yuebing.model.quantize;

import io.yuebing.kernels.ComputeMode;
import io.yuebing.model.QuantizeOptions;
import io.yuebing.model.decoder.DecoderSpec;
import io.yuebing.model.decoder.LayerByLayer;
import io.yuebing.model.decoder.TensorRole;
import io.yuebing.model.weights.Checkpoint;
import io.yuebing.model.weights.SafetensorsWriter;
import io.yuebing.model.weights.SafetensorsWriter.Planned;
import io.yuebing.model.weights.TensorInfo;
import io.yuebing.model.weights.TensorType;
import io.yuebing.model.weights.WeightLoader;
import io.yuebing.model.weights.WeightLoader.Asked;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which tensors a quantised model has.
 *
 * @param layers the matrices to quantise, layer by layer
 * @param left matrices that stay as they are: those whose sizes do not suit the packing, and those from latent rows to
 *     keys and values, whose parts are multiplied from both sides
 */
record QuantizationPlan(Checkpoint source, int bits, int groupSize, List<List<Asked>> layers, List<String> left) {
    /** Files of public models are hardly larger. */
    private static final long SHARD_BYTES = 4_900_000_000L;

    static QuantizationPlan of(DecoderSpec spec, Checkpoint source, QuantizeOptions options) {
        List<List<Asked>> layers = new ArrayList<>();
        List<String> left = new ArrayList<>();
        int perWord = GptqTensors.perWord(options.bits());
        try (Arena arena = Arena.ofShared()) {
            WeightLoader weights = new WeightLoader(source, Optional.empty(), ComputeMode.F32, arena);
            for (int layer = 0; layer < spec.layers().size(); layer++) {
                List<Asked> quantised = new ArrayList<>();
                for (Asked matrix : LayerByLayer.matrices(weights, spec, layer)) {
                    if (matrix.inputs() % perWord == 0 && matrix.outputs() % perWord == 0) {
                        quantised.add(matrix);
                    } else {
                        left.add(matrix.name());
                    }
                }
                layers.add(quantised);
                if (spec.names().has(TensorRole.KEY_VALUE_UP)) {
                    left.add(spec.names().of(TensorRole.KEY_VALUE_UP, layer));
                }
            }
        }
        return new QuantizationPlan(source, options.bits(), options.groupSize(), layers, left);
    }

    List<Asked> matrices(int layer) {
        return layers.get(layer);
    }

    /** Number of matrices to quantise. */
    int count() {
        return layers.stream().mapToInt(List::size).sum();
    }

    /** Creates the weights' files in a folder. */
    SafetensorsWriter createFiles(Path dir) throws IOException {
        List<Planned> tensors = new ArrayList<>();
        others().forEach(tensor -> tensors.add(new Planned(tensor.name(), tensor.type(), tensor.shape())));
        layers.forEach(matrices -> matrices.forEach(matrix -> plan(matrix, tensors)));
        return SafetensorsWriter.create(dir, tensors, SHARD_BYTES);
    }

    /** Copies the tensors that stay as they are. */
    void copyOthers(SafetensorsWriter writer) throws IOException {
        for (TensorInfo tensor : others()) {
            writer.copy(tensor);
        }
    }

    private Collection<TensorInfo> others() {
        Set<String> replaced = layers.stream()
                .flatMap(List::stream)
                .map(matrix -> matrix.name() + ".weight")
                .collect(Collectors.toSet());
        return source.tensors().stream()
                .filter(tensor -> !replaced.contains(tensor.name()))
                .toList();
    }

    private void plan(Asked matrix, List<Planned> into) {
        long perWord = GptqTensors.perWord(bits);
        long inputs = matrix.inputs();
        long outputs = matrix.outputs();
        long groups = groupSize == QuantizeOptions.WHOLE_COLUMN ? 1 : Math.ceilDiv(inputs, groupSize);
        add(into, matrix, "qweight", TensorType.I32, inputs / perWord, outputs);
        add(into, matrix, "qzeros", TensorType.I32, groups, outputs / perWord);
        add(into, matrix, "scales", TensorType.F16, groups, outputs);
        add(into, matrix, "g_idx", TensorType.I32, inputs);
    }

    private static void add(List<Planned> into, Asked matrix, String kind, TensorType type, Long... shape) {
        into.add(new Planned(matrix.name() + "." + kind, type, List.of(shape)));
    }
}
