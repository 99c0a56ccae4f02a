package io.yuebing.bench.engine;

import io.yuebing.bench.MachineLimits;
import io.yuebing.bench.Median;
import io.yuebing.kernels.KernelChoice;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;

/**
 * What {@link EngineBench} has measured, for people and for programs.
 *
 * @param model its name
 * @param loadSeconds from nothing to a model that can compute
 * @param peakMemory resident bytes at their peak, if the system tells
 * @param limits of the machine, measured right after the rounds
 * @param batches one for each that was asked for, in that order
 */
public record EngineReport(
        String model,
        EngineBenchOptions options,
        double loadSeconds,
        OptionalLong peakMemory,
        MachineLimits limits,
        List<BatchResult> batches) {

    /** Everything as one JSON object's fields. */
    public Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("model", model);
        fields.put("prompt", options.prompt());
        fields.put("generate", options.generate());
        fields.put("rounds", options.rounds());
        fields.put("seed", options.seed());
        fields.put("threads", options.threads());
        fields.put("kernels", KernelChoice.describe());
        fields.put("compute", options.compute().name().toLowerCase(Locale.ROOT));
        fields.put("kv_dtype", options.kvType().wireName());
        fields.put("max_num_batched_tokens", options.maxBatchedTokens());
        fields.put("load_s", loadSeconds);
        peakMemory.ifPresent(bytes -> fields.put("peak_memory_bytes", bytes));
        fields.put("read_limit_bytes_per_s", limits.readBytesPerSecond());
        fields.put("fma_limit_macs_per_s", limits.macsPerSecond());
        fields.put("batches", batches.stream().map(EngineReport::fields).toList());
        return fields;
    }

    private static Map<String, Object> fields(BatchResult result) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("batch", result.batch());
        fields.put("prefill_tokens_per_s", result.prefillTokensPerSecond());
        fields.put("decode_tokens_per_s", result.decodeTokensPerSecond());
        fields.put("prefill_share_of_fma_limit", result.prefillArithmeticShare());
        fields.put("decode_share_of_read_limit", result.decodeReadShare());
        fields.put("decode_share_of_fma_limit", result.decodeArithmeticShare());
        fields.put("prefill_tokens_per_s_rounds", result.prefillRounds());
        fields.put("decode_tokens_per_s_rounds", result.decodeRounds());
        result.structuredOverhead().ifPresent(overhead -> {
            fields.put("structured_tokens_per_s_rounds", result.structuredRounds());
            fields.put("structured_overhead", overhead);
        });
        return fields;
    }

    /** A table with a row for each batch, its heading first. */
    public List<List<String>> table() {
        List<List<String>> rows = new ArrayList<>();
        List<String> heading = new ArrayList<>(
                List.of("batch", "prefill tok/s", "of FMA peak", "decode tok/s", "of read limit", "of FMA peak"));
        if (options.structured()) {
            heading.addAll(List.of("with schema", "overhead"));
        }
        rows.add(heading);
        for (BatchResult result : batches) {
            List<String> row = new ArrayList<>(List.of(
                    String.valueOf(result.batch()),
                    speed(result.prefillTokensPerSecond()),
                    percent(result.prefillArithmeticShare()),
                    speed(result.decodeTokensPerSecond()),
                    percent(result.decodeReadShare()),
                    percent(result.decodeArithmeticShare())));
            result.structuredOverhead()
                    .ifPresent(overhead ->
                            row.addAll(List.of(speed(Median.of(result.structuredRounds())), percent(overhead))));
            rows.add(row);
        }
        return rows;
    }

    private static String speed(double tokensPerSecond) {
        return String.format(Locale.ROOT, tokensPerSecond < 100 ? "%.2f" : "%.1f", tokensPerSecond);
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }
}
