package io.yuebing.bench.serving;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What {@link ServingBench} has measured, for people and for programs. */
public record ServingReport(
        String model, ServingOptions options, List<RequestRecord> records, ServingStatistics statistics) {

    /** Everything but the single requests as one JSON object's fields; latencies in milliseconds. */
    public Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("url", options.url().toString());
        fields.put("model", model);
        fields.put("load", options.load().describe());
        fields.put("seed", options.seed());
        fields.put("requests", statistics.requests());
        fields.put("answered", statistics.answered());
        fields.put("failures", statistics.failures());
        fields.put("duration_s", statistics.seconds());
        fields.put("requests_per_s", statistics.requestsPerSecond());
        fields.put("prompt_tokens", statistics.promptTokens());
        fields.put("output_tokens", statistics.outputTokens());
        fields.put("prompt_tokens_per_s", statistics.promptTokensPerSecond());
        fields.put("output_tokens_per_s", statistics.outputTokensPerSecond());
        fields.put("ttft_ms", statistics.ttft().fields());
        fields.put("second_token_ms", statistics.secondToken().fields());
        fields.put("itl_ms", statistics.itl().fields());
        fields.put("latency_ms", statistics.latency().fields());
        fields.put("slo_ttft_ms", options.sloTtft().toMillis());
        fields.put("slo_itl_ms", options.sloItl().toMillis());
        fields.put("good_requests", statistics.good());
        fields.put("goodput_requests_per_s", statistics.goodput());
        return fields;
    }

    /** The latencies as a table, its heading first. */
    public List<List<String>> latencies() {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("ms", "mean", "p50", "p95", "p99", "max"));
        rows.add(row("time to first token", statistics.ttft()));
        rows.add(row("time to second token", statistics.secondToken()));
        rows.add(row("between tokens", statistics.itl()));
        rows.add(row("whole answer", statistics.latency()));
        return rows;
    }

    /** The other figures, each with its name. */
    public List<List<String>> figures() {
        ServingStatistics s = statistics;
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of(
                "requests", s.answered() + " of " + s.requests() + " answered in " + number(s.seconds()) + " s"));
        s.failures().forEach((kind, count) -> rows.add(List.of("failed", count + " x " + kind)));
        rows.add(List.of(
                "throughput",
                number(s.requestsPerSecond()) + " requests/s, " + number(s.outputTokensPerSecond()) + " output tok/s, "
                        + number(s.promptTokensPerSecond()) + " prompt tok/s"));
        rows.add(List.of(
                "goodput",
                number(s.goodput()) + " requests/s: " + s.good() + " with first token within "
                        + options.sloTtft().toMillis() + " ms and then "
                        + options.sloItl().toMillis() + " ms a token"));
        return rows;
    }

    private static List<String> row(String name, Distribution values) {
        return List.of(
                name,
                number(values.mean()),
                number(values.percentile(50)),
                number(values.percentile(95)),
                number(values.percentile(99)),
                number(values.percentile(100)));
    }

    private static String number(double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, Math.abs(value) < 10 ? "%.2f" : "%.1f", value);
    }
}
