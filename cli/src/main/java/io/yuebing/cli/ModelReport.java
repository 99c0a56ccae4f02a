package io.yuebing.cli;

import io.yuebing.cli.hub.Amounts;
import io.yuebing.kv.ElementType;
import io.yuebing.model.ModelConfig;
import io.yuebing.model.ModelSummary;
import io.yuebing.model.Models;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/** What {@code inspect} prints: the facts about a model, for people or for programs. */
final class ModelReport {
    private final String name;
    private final List<Fact> facts = new ArrayList<>();

    /**
     * A line of the report.
     *
     * @param label what people read; with underscores it is the JSON field
     * @param value what programs read
     * @param shown what people read
     */
    private record Fact(String label, Object value, String shown) {
        String field() {
            return label.replace(' ', '_').toLowerCase(Locale.ROOT);
        }
    }

    private ModelReport(String name) {
        this.name = name;
    }

    /** Reads the facts about the model in a folder; no weights are loaded. */
    static ModelReport of(String name, Path directory) {
        ModelSummary summary = Models.inspect(directory);
        ModelConfig config = summary.config();
        ModelReport report = new ModelReport(name);
        report.add("folder", directory.toString());
        report.add("architecture", config.architecture());
        report.add("parameters", summary.parameters(), count(summary.parameters()));
        report.add("active parameters", summary.activeParameters(), count(summary.activeParameters()));
        report.add("experts", summary.experts());
        report.addBytes("weight bytes", summary.weightBytes());
        report.addBytes("weight bytes in memory", summary.loadedBytes());
        report.add("element types", summary.types(), String.join(", ", summary.types()));
        report.add("quantisation", summary.quantisation());
        report.add("layers", config.layers());
        report.add("hidden size", config.hiddenSize());
        report.add("query heads", config.heads());
        report.add("KV heads", config.kvHeads());
        report.add("head size", config.headSize());
        report.add("vocabulary", config.vocabSize());
        report.add("tied embeddings", summary.tiedEmbeddings());
        report.add("context tokens", config.maxPositions());
        report.add("rope", summary.rope());
        report.add("sliding window layers", summary.slidingWindowLayers());
        report.add("end of sequence ids", config.eosTokenIds());
        for (ElementType type : List.of(ElementType.BF16, ElementType.INT8, ElementType.F32)) {
            report.addBytes("KV bytes per token " + type.wireName(), summary.kvBytesPerToken(type));
            report.addBytes("memory needed KV " + type.wireName(), summary.memoryNeeded(type));
        }
        report.add("chat template", summary.chatTemplate());
        return report;
    }

    /** Prints a table. */
    void print(PrintWriter out) {
        out.println(name);
        Table.print(
                out,
                facts.stream()
                        .map(fact -> List.of("  " + fact.label(), fact.shown()))
                        .toList());
    }

    /** Prints one JSON object. */
    void printJson(PrintWriter out) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", name);
        facts.forEach(fact -> fields.put(fact.field(), fact.value()));
        out.println(JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(fields));
        out.flush();
    }

    private void add(String label, Object value) {
        add(label, value, value instanceof Boolean yes ? (yes ? "yes" : "no") : String.valueOf(value));
    }

    private void addBytes(String label, long bytes) {
        add(label, bytes, Amounts.bytes(bytes));
    }

    private void add(String label, Object value, String shown) {
        facts.add(new Fact(label, value, shown));
    }

    /** {@code 7.62 billion}, {@code 4.99 million}. */
    private static String count(long parameters) {
        return parameters >= 1_000_000_000
                ? String.format(Locale.ROOT, "%.2f billion", parameters / 1e9)
                : String.format(Locale.ROOT, "%.2f million", parameters / 1e6);
    }
}
