package io.yuebing.dialect;

import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.yuebing.api.FinishReason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.DoubleConsumer;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;

/**
 * The metrics of one server in Prometheus form: what its HTTP surface measures, with vLLM's names where they mean the
 * same, and whatever else the process registers.
 *
 * <p>Names are given as they appear in the exposition, except that a counter's {@code _total} is added when written.
 */
public final class SurfaceMetrics {
    /** What {@code GET /metrics} is labelled as. */
    static final String CONTENT_TYPE = PrometheusTextFormatWriter.CONTENT_TYPE;

    private static final double[] FIRST_TOKEN_SECONDS = {
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560
    };
    private static final double[] INTER_TOKEN_SECONDS = {
        0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80
    };
    private static final double[] REQUEST_SECONDS = {
        0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680
    };
    private static final double[] TOKENS = {
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000
    };

    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final AtomicInteger inFlight = new AtomicInteger();
    private final AtomicInteger generations = new AtomicInteger();

    private final Counter httpRequests =
            counter("yuebing:http_requests", "HTTP requests by route and status.", "route", "code");
    private final Histogram httpSeconds = histogram(
            "yuebing:http_request_duration_seconds",
            "Time from request line to end of answer.",
            REQUEST_SECONDS,
            "route");
    private final Counter promptTokens =
            counter("vllm:prompt_tokens", "Prompt tokens of sequences that ended.", "model_name");
    private final Counter cachedTokens =
            counter("vllm:prompt_tokens_cached", "Prompt tokens that came from a prefix cache.", "model_name");
    private final Counter generationTokens = counter("vllm:generation_tokens", "Tokens generated.", "model_name");
    private final Counter finished =
            counter("vllm:request_success", "Sequences that ended, by reason.", "model_name", "finished_reason");
    private final Histogram firstToken = histogram(
            "vllm:time_to_first_token_seconds", "Time from request to first token.", FIRST_TOKEN_SECONDS, "model_name");
    private final Histogram interToken = histogram(
            "vllm:inter_token_latency_seconds",
            "Time between tokens of one sequence.",
            INTER_TOKEN_SECONDS,
            "model_name");
    private final Histogram endToEnd = histogram(
            "vllm:e2e_request_latency_seconds", "Time from request to last token.", REQUEST_SECONDS, "model_name");
    private final Histogram promptLength =
            histogram("vllm:request_prompt_tokens", "Prompt tokens per sequence.", TOKENS, "model_name");
    private final Histogram outputLength =
            histogram("vllm:request_generation_tokens", "Generated tokens per sequence.", TOKENS, "model_name");

    /** One value of a metric with the values of its labels. */
    public record Sample(double value, List<String> labelValues) {
        public Sample {
            labelValues = List.copyOf(labelValues);
        }

        public static Sample of(double value, String... labelValues) {
            return new Sample(value, List.of(labelValues));
        }
    }

    public SurfaceMetrics() {
        gauge("yuebing:http_requests_in_flight", "HTTP requests being answered.", inFlight::get);
    }

    /** Adds a gauge that is read when metrics are collected. */
    public void gauge(String name, String help, DoubleSupplier value) {
        gauge(name, help, List.of(), () -> List.of(Sample.of(value.getAsDouble())));
    }

    /** Adds a gauge with labels; the samples are read when metrics are collected. */
    public void gauge(String name, String help, List<String> labels, Supplier<List<Sample>> samples) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .labelNames(labels.toArray(String[]::new))
                .callback(sink -> samples.get()
                        .forEach(sample ->
                                sink.call(sample.value(), sample.labelValues().toArray(String[]::new))))
                .register(registry);
    }

    /** Adds a counter that somebody else counts. */
    public void counter(String name, String help, DoubleSupplier value) {
        counter(name, help, List.of(), () -> List.of(Sample.of(value.getAsDouble())));
    }

    /** Adds a counter with labels that somebody else counts. */
    public void counter(String name, String help, List<String> labels, Supplier<List<Sample>> samples) {
        CounterWithCallback.builder()
                .name(name)
                .help(help)
                .labelNames(labels.toArray(String[]::new))
                .callback(sink -> samples.get()
                        .forEach(sample ->
                                sink.call(sample.value(), sample.labelValues().toArray(String[]::new))))
                .register(registry);
    }

    /** Adds a histogram with these upper bounds; what is returned takes its values. */
    public DoubleConsumer histogram(String name, String help, double[] bounds) {
        Histogram added = histogram(name, help, bounds, new String[0]);
        return added::observe;
    }

    /** Where a process registers metrics of its own that are neither a gauge nor a counter read on collection. */
    public PrometheusRegistry registry() {
        return registry;
    }

    /** Everything in Prometheus' text format. */
    public byte[] exposition() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            PrometheusTextFormatWriter.create().write(out, registry.scrape(), EscapingScheme.UNDERSCORE_ESCAPING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    /** Generations whose clients do not have the whole answer yet. */
    public int generationsInFlight() {
        return generations.get();
    }

    void generationStarted() {
        generations.incrementAndGet();
    }

    void generationEnded() {
        generations.decrementAndGet();
    }

    void requestStarted() {
        inFlight.incrementAndGet();
    }

    void requestEnded(String route, int status, long nanos) {
        inFlight.decrementAndGet();
        httpRequests.labelValues(route, Integer.toString(status)).inc();
        httpSeconds.labelValues(route).observe(nanos / 1e9);
    }

    void firstToken(String model, long nanos) {
        firstToken.labelValues(model).observe(nanos / 1e9);
    }

    void nextToken(String model, long nanos) {
        interToken.labelValues(model).observe(nanos / 1e9);
    }

    void sequenceEnded(String model, FinishReason reason, int prompt, int cached, int generated, long nanos) {
        finished.labelValues(model, reason.wireName()).inc();
        promptTokens.labelValues(model).inc(prompt);
        cachedTokens.labelValues(model).inc(cached);
        generationTokens.labelValues(model).inc(generated);
        promptLength.labelValues(model).observe(prompt);
        outputLength.labelValues(model).observe(generated);
        endToEnd.labelValues(model).observe(nanos / 1e9);
    }

    private Counter counter(String name, String help, String... labels) {
        return Counter.builder().name(name).help(help).labelNames(labels).register(registry);
    }

    private Histogram histogram(String name, String help, double[] bounds, String... labels) {
        return Histogram.builder()
                .name(name)
                .help(help)
                .labelNames(labels)
                .classicOnly()
                .classicUpperBounds(bounds)
                .register(registry);
    }
}
