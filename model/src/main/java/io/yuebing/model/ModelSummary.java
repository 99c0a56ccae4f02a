package io.yuebing.model;

import io.yuebing.kv.ElementType;
import io.yuebing.model.weights.BlockFormat;
import io.yuebing.model.weights.Quantization;
import io.yuebing.model.weights.TensorType;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a person wants to know of a model before starting it.
 *
 * @param name the directory's name
 * @param config sizes, end-of-sequence ids and sampling defaults
 * @param parameters weights that the model uses, each counted once however it is stored
 * @param activeParameters those that the computation of one token reads: not the experts that it does not use
 * @param experts for example {@code 2 of 8 for each token in 32 layers}; {@code none}
 * @param weightBytes bytes of all tensors in the files
 * @param loadedBytes bytes of all tensors as the kernels hold them; more where blocks of GGUF are taken apart
 * @param types element types in the files, the one with most bytes first
 * @param quantisation for example {@code gptq 4 bit, group 128, symmetric}; {@code none}
 * @param rope rotary position embedding, for example {@code theta 1000000}
 * @param slidingWindowLayers layers that attend to a window only
 * @param kvBytes bytes that the KV cache keeps of one token in all layers, by type of its elements
 * @param tiedEmbeddings the output head is the embedding
 * @param chatTemplate whether the model brings one
 */
public record ModelSummary(
        String name,
        ModelConfig config,
        long parameters,
        long activeParameters,
        String experts,
        long weightBytes,
        long loadedBytes,
        List<String> types,
        String quantisation,
        String rope,
        int slidingWindowLayers,
        Map<ElementType, Long> kvBytes,
        boolean tiedEmbeddings,
        boolean chatTemplate) {
    public ModelSummary {
        types = List.copyOf(types);
        kvBytes = Map.copyOf(kvBytes);
    }

    static ModelSummary of(ModelFiles files) {
        Path dir = files.dir().toAbsolutePath().normalize();
        Path name = dir.getFileName();
        ParameterCount parameters = ParameterCount.of(files);
        return new ModelSummary(
                name == null ? dir.toString() : name.toString(),
                files.config(),
                parameters.total(),
                parameters.active(),
                files.spec().describeExperts(),
                files.checkpoint().bytes(),
                loadedBytes(files),
                types(files),
                files.quantization().map(Quantization::describe).orElseGet(() -> ggufBlocks(files)),
                files.spec().describeRope(),
                files.spec().windowedLayers(),
                kvBytes(files),
                files.spec().tiedEmbeddings(),
                files.chatTemplate());
    }

    /** Bytes of keys and values that one token takes in all layers. */
    public long kvBytesPerToken(ElementType type) {
        return kvBytes.getOrDefault(type, 0L);
    }

    /** Bytes to expect for the weights and one sequence of full length. */
    public long memoryNeeded(ElementType kvType) {
        return loadedBytes + kvBytesPerToken(kvType) * config.maxPositions();
    }

    /** Types and quantisation in a few words. */
    static String storedAs(ModelFiles files) {
        return files.quantization().map(Quantization::describe).orElseGet(() -> String.join(" + ", types(files)));
    }

    private static List<String> types(ModelFiles files) {
        SortedMap<TensorType, Long> bytes = new TreeMap<>();
        files.checkpoint().tensors().forEach(tensor -> bytes.merge(tensor.type(), tensor.bytes(), Long::sum));
        return bytes.entrySet().stream()
                .sorted((a, b) -> Long.compare(b.getValue(), a.getValue()))
                .map(entry -> entry.getKey().name().toLowerCase(Locale.ROOT))
                .collect(Collectors.toList());
    }

    private static Map<ElementType, Long> kvBytes(ModelFiles files) {
        Map<ElementType, Long> bytes = new EnumMap<>(ElementType.class);
        for (ElementType type : ElementType.values()) {
            long bytesOfGroup = files.spec().kvLayout(1, 1, type, "").byteSize();
            bytes.put(type, files.spec().layerGroups().size() * bytesOfGroup);
        }
        return bytes;
    }

    private static long loadedBytes(ModelFiles files) {
        return files.checkpoint().tensors().stream()
                .mapToLong(BlockFormat::loadedBytes)
                .sum();
    }

    private static String ggufBlocks(ModelFiles files) {
        return files.checkpoint().tensors().stream()
                        .anyMatch(tensor -> tensor.type().elements() > 1)
                ? "gguf blocks of " + types(files).getFirst()
                : "none";
    }
}
