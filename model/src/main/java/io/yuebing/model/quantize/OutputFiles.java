package io.yuebing.model.quantize;

import io.yuebing.model.QuantizeOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The files of a quantised model beside its weights: its configuration, and those that stay as they are. */
final class OutputFiles {
    /** Share of the Hessian's mean diagonal that is added to it. */
    static final double DAMPING = 0.01;

    /** Tokenizer, chat template, defaults of generation, code and licence; not weights and what describes them. */
    private static final Pattern KEPT = Pattern.compile(".+\\.(json|jinja|txt|model|tiktoken|py)|(LICENSE|NOTICE).*");

    private static final Set<String> REPLACED = Set.of(
            "config.json", "quantize_config.json", "model.safetensors.index.json", "pytorch_model.bin.index.json");

    private OutputFiles() {}

    /**
     * Writes them.
     *
     * @param left matrices that are not quantised
     */
    static void write(Path from, Path to, QuantizeOptions options, List<String> left) throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                String name = file.getFileName().toString();
                if (KEPT.matcher(name).matches() && !REPLACED.contains(name)) {
                    Files.copy(file, to.resolve(name));
                }
            }
        }
        Map<String, Object> quantization = quantization(options, left);
        JsonNode config = JsonMapper.shared().readTree(Files.readAllBytes(from.resolve("config.json")));
        ObjectNode changed = ((ObjectNode) config).deepCopy();
        changed.set("quantization_config", JsonMapper.shared().valueToTree(quantization));
        writeJson(to.resolve("config.json"), changed);
        writeJson(to.resolve("quantize_config.json"), quantization);
    }

    private static void writeJson(Path file, Object content) throws IOException {
        Files.writeString(
                file, JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(content) + "\n");
    }

    /** Under AutoGPTQ's names; what is left out is said as GPTQModel and vLLM do. */
    private static Map<String, Object> quantization(QuantizeOptions options, List<String> left) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("quant_method", "gptq");
        fields.put("bits", options.bits());
        fields.put("group_size", options.groupSize());
        fields.put("desc_act", options.actOrder());
        fields.put("static_groups", false);
        fields.put("sym", true);
        fields.put("damp_percent", DAMPING);
        fields.put("true_sequential", false);
        fields.put("lm_head", false);
        fields.put("checkpoint_format", "gptq");
        if (!left.isEmpty()) {
            Map<String, Object> dynamic = new LinkedHashMap<>();
            left.forEach(name -> dynamic.put("-:^" + name.replace(".", "\\.") + "$", Map.of()));
            fields.put("dynamic", dynamic);
        }
        return fields;
    }
}
