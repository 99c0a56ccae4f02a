package io.yuebing.model;

import io.yuebing.model.decoder.DecoderSpec;
import io.yuebing.model.decoder.FeedForwardSpec;
import io.yuebing.model.decoder.TensorNames;
import io.yuebing.model.decoder.TensorRole;
import io.yuebing.model.weights.Quantization;
import io.yuebing.model.weights.TensorInfo;
import java.util.Optional;

/**
 * How many weights a model has.
 *
 * @param total those that the model uses; other parts than the text model and tensors of layers beyond the last one, for predicting several tokens at once,
 *     are none of them
 * @param active those that the computation of one token reads
 */
record ParameterCount(long total, long active) {
    static ParameterCount of(ModelFiles files) {
        long total = 0;
        double idle = 0;
        for (TensorInfo tensor : files.checkpoint().tensors()) {
            if (used(files.spec(), tensor.name())) {
                long weights = weights(files.quantization(), tensor);
                total += weights;
                idle += weights * idleShare(files.spec(), tensor.name());
            }
        }
        return new ParameterCount(total, total - Math.round(idle));
    }

    private static boolean used(DecoderSpec spec, String name) {
        String head = spec.names().of(TensorRole.HEAD);
        boolean copyOfEmbedding = spec.tiedEmbeddings() && name.startsWith(head + ".");
        return name.startsWith(spec.names().prefix())
                && !copyOfEmbedding
                && layer(spec.names(), name) < spec.layers().size();
    }

    /** The number of a tensor's layer; -1 outside of the layers. */
    private static int layer(TensorNames names, String name) {
        String prefix = names.of(TensorRole.LAYERS);
        int end = name.indexOf('.', prefix.length());
        if (!name.startsWith(prefix) || end < 0) {
            return -1;
        }
        String number = name.substring(prefix.length(), end);
        return number.matches("\\d{1,6}") ? Integer.parseInt(number) : -1;
    }

    /** The share of a tensor's kind that one token does not read: experts that it does not use. */
    private static double idleShare(DecoderSpec spec, String name) {
        int layer = layer(spec.names(), name);
        if (layer >= 0
                && spec.layers().get(layer).feedForward() instanceof FeedForwardSpec.Experts experts
                && name.startsWith(spec.names().of(TensorRole.EXPERTS, layer))) {
            return 1 - (double) experts.routing().chosen() / experts.experts();
        }
        return 0;
    }

    /** A packed matrix counts as many as it holds; scales, zero points and group indices belong to its storage. */
    private static long weights(Optional<Quantization> quantization, TensorInfo tensor) {
        int end = Math.max(tensor.name().lastIndexOf('.'), 0);
        String layer = tensor.name().substring(0, end);
        String kind = tensor.name().substring(Math.min(end + 1, tensor.name().length()));
        return quantization
                .flatMap(q -> q.formatOf(layer))
                .map(format -> format.weights(kind, tensor))
                .orElse(tensor.elements());
    }
}
