package io.yuebing.model;

import io.yuebing.api.GenerationDefaults;
import io.yuebing.api.UserError;
import io.yuebing.gguf.GgufModel;
import io.yuebing.model.decoder.Architecture;
import io.yuebing.model.decoder.Architectures;
import io.yuebing.model.decoder.AttentionSpec;
import io.yuebing.model.decoder.DecoderSpec;
import io.yuebing.model.gguf.GgufView;
import io.yuebing.model.json.JsonObject;
import io.yuebing.model.weights.Checkpoint;
import io.yuebing.model.weights.Quantization;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;

/**
 * What the JSON files and the safetensors headers of a model directory, or the front of a GGUF file, say without the
 * weights.
 *
 * @param dir the directory or the GGUF file
 * @param json config.json, or what it would say
 * @param chatTemplate whether there is one
 */
record ModelFiles(
        Path dir,
        JsonObject json,
        ModelConfig config,
        DecoderSpec spec,
        Optional<Quantization> quantization,
        Checkpoint checkpoint,
        boolean chatTemplate) {

    /** Opens a folder of safetensors files, or a GGUF file. */
    static ModelFiles open(Path model) {
        Optional<Path> gguf = GgufModel.find(model);
        if (gguf.isPresent()) {
            GgufView view = GgufView.open(gguf.get());
            return of(
                    gguf.get(),
                    view.architecture(),
                    view.spec(),
                    view.config(),
                    Optional.empty(),
                    Optional.empty(),
                    view::checkpoint,
                    view.chatTemplate());
        }
        if (!Files.isDirectory(model)) {
            throw new UserError(
                    model + " is no directory; expected a Hugging Face style model directory with config.json"
                            + " and safetensors files, or a GGUF file");
        }
        return folder(model);
    }

    private static ModelFiles folder(Path dir) {
        JsonObject json = JsonObject.read(dir.resolve("config.json"));
        Optional<JsonObject> generation = JsonObject.readIfPresent(dir.resolve("generation_config.json"));
        Architecture architecture = Architectures.of(json);
        return of(
                dir,
                architecture,
                architecture.spec(json),
                json,
                generation,
                Quantization.read(json, dir),
                () -> Checkpoint.open(dir),
                hasChatTemplate(dir));
    }

    private static ModelFiles of(
            Path model,
            Architecture architecture,
            DecoderSpec spec,
            JsonObject json,
            Optional<JsonObject> generation,
            Optional<Quantization> quantization,
            Supplier<Checkpoint> checkpoint,
            boolean chatTemplate) {
        ModelConfig config = config(
                architecture.name(),
                spec,
                eosTokenIds(generation, json, spec.vocabSize()),
                generation.map(ModelFiles::defaults).orElse(GenerationDefaults.NONE));
        return new ModelFiles(model, json, config, spec, quantization, checkpoint.get(), chatTemplate);
    }

    private static ModelConfig config(
            String architecture, DecoderSpec spec, List<Integer> eosTokenIds, GenerationDefaults generation) {
        AttentionSpec attention = spec.attention();
        return new ModelConfig(
                architecture,
                spec.layers().size(),
                spec.hiddenSize(),
                attention.heads(),
                attention.kvHeads(),
                attention.headSize(),
                spec.vocabSize(),
                spec.maxPositions(),
                eosTokenIds,
                generation);
    }

    /** The same model for sequences of at most {@code positions}. */
    ModelFiles servedUpTo(int positions) {
        DecoderSpec served = spec.servedUpTo(positions);
        return new ModelFiles(
                dir,
                json,
                config(config.architecture(), served, config.eosTokenIds(), config.generation()),
                served,
                quantization,
                checkpoint,
                chatTemplate);
    }

    private static boolean hasChatTemplate(Path dir) {
        return Files.isRegularFile(dir.resolve("chat_template.jinja"))
                || JsonObject.readIfPresent(dir.resolve("tokenizer_config.json"))
                        .map(json -> json.has("chat_template"))
                        .orElse(false);
    }

    private static List<Integer> eosTokenIds(Optional<JsonObject> generation, JsonObject config, int vocabSize) {
        List<Integer> own = generation
                .map(json -> json.integers("eos_token_id", 0, vocabSize - 1))
                .orElse(List.of());
        return own.isEmpty() ? config.integers("eos_token_id", 0, vocabSize - 1) : own;
    }

    /** {@code do_sample: false} asks for greedy decoding, whatever temperature is written beside it. */
    private static GenerationDefaults defaults(JsonObject json) {
        boolean greedy = !json.bool("do_sample").orElse(true);
        int topK = json.integerIfPresent("top_k", -1, Integer.MAX_VALUE).orElse(-1);
        return new GenerationDefaults(
                greedy ? Optional.of(0.0) : boxed(json.number("temperature", 0, 2)),
                boxed(json.number("top_p", Double.MIN_VALUE, 1)),
                topK > 0 ? Optional.of(topK) : Optional.empty(),
                boxed(json.number("min_p", 0, 1)),
                boxed(json.number("repetition_penalty", Double.MIN_VALUE, 1 << 20)));
    }

    private static Optional<Double> boxed(OptionalDouble value) {
        return value.isPresent() ? Optional.of(value.getAsDouble()) : Optional.empty();
    }
}
