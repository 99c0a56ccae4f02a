package io.yuebing.model.quantize;

import io.yuebing.api.UserError;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kernels.WorkerPool;
import io.yuebing.model.CalibrationTokens;
import io.yuebing.model.QuantizeListener;
import io.yuebing.model.QuantizeOptions;
import io.yuebing.model.QuantizeReport;
import io.yuebing.model.decoder.DecoderSpec;
import io.yuebing.model.decoder.LayerByLayer;
import io.yuebing.model.json.JsonObject;
import io.yuebing.model.weights.Checkpoint;
import io.yuebing.model.weights.Quantization;
import io.yuebing.model.weights.SafetensorsWriter;
import io.yuebing.model.weights.WeightLoader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes a model through GPTQ layer after layer.
 *
 * <p>Every layer is computed twice: with the original weights, to see the activations; then with the quantised ones as
 * read back from the output, whose results the next layer sees. Text that is kept aside goes through both models, so that
 * they can be compared at the end.
 */
public final class ModelQuantizer {
    private static final Logger LOG = LoggerFactory.getLogger(ModelQuantizer.class);

    /** Of a layer's time, roughly: seeing the activations, and computing with the quantised weights. */
    private static final double SHARE_SEEING = 0.5;

    private static final double SHARE_ROUNDING = 0.3;

    private final DecoderSpec spec;
    private final Checkpoint source;
    private final Path output;
    private final CalibrationTokens tokens;
    private final QuantizeListener progress;
    private final WorkerPool pool;
    private final LayerByLayer decoder;
    private final LayerQuantizer quantizer;

    /** Residual streams of the calibration sequences, of the quantised model. */
    private final List<float[]> calibration;

    /** Those of the text kept aside, of both models. */
    private final List<float[]> original;

    private final List<float[]> quantized;

    private int uncalibrated;

    private ModelQuantizer(
            DecoderSpec spec,
            Checkpoint source,
            Path output,
            CalibrationTokens tokens,
            QuantizeListener progress,
            WorkerPool pool,
            LayerByLayer decoder,
            LayerQuantizer quantizer) {
        this.spec = spec;
        this.source = source;
        this.output = output;
        this.tokens = tokens;
        this.progress = progress;
        this.pool = pool;
        this.decoder = decoder;
        this.quantizer = quantizer;
        try (Arena arena = Arena.ofShared()) {
            WeightLoader weights = loader(source, Optional.empty(), arena);
            this.calibration = tokens.sequences().stream()
                    .map(sequence -> decoder.embed(weights, sequence))
                    .toList();
            this.original = tokens.heldOut().stream()
                    .map(sequence -> decoder.embed(weights, sequence))
                    .toList();
            this.quantized = original.stream().map(float[]::clone).toList();
        }
    }

    /** See {@link io.yuebing.model.Models#quantize}. */
    public static QuantizeReport run(
            Path model,
            DecoderSpec spec,
            Checkpoint source,
            Path out,
            QuantizeOptions options,
            CalibrationTokens tokens,
            QuantizeListener progress) {
        QuantizationPlan plan = QuantizationPlan.of(spec, source, options);
        try (OutputFolder folder = OutputFolder.create(out);
                WorkerPool pool = WorkerPool.create(options.threads());
                LayerByLayer decoder = new LayerByLayer(spec, tokens.longest(), pool)) {
            OutputFiles.write(model, folder.path(), options, plan.left());
            QuantizeReport report;
            try (SafetensorsWriter writer = plan.createFiles(folder.path())) {
                progress.at("copying what stays as it is", 0);
                plan.copyOthers(writer);
                ModelQuantizer run = new ModelQuantizer(
                        spec,
                        source,
                        folder.path(),
                        tokens,
                        progress,
                        pool,
                        decoder,
                        new LayerQuantizer(source, options, writer, pool));
                report = run.allLayers(plan);
            }
            folder.publish();
            return report;
        } catch (IOException | UncheckedIOException e) {
            throw new UserError("cannot write " + out + ": " + e.getMessage(), e);
        }
    }

    private static WeightLoader loader(Checkpoint checkpoint, Optional<Quantization> quantization, Arena arena) {
        return new WeightLoader(checkpoint, quantization, ComputeMode.F32, arena);
    }

    private QuantizeReport allLayers(QuantizationPlan plan) throws IOException {
        Checkpoint written = Checkpoint.open(output);
        Optional<Quantization> how = Quantization.read(JsonObject.read(output.resolve("config.json")), output);
        int layers = spec.layers().size();
        for (int layer = 0; layer < layers; layer++) {
            CalibratedLayer seen = new CalibratedLayer(plan.matrices(layer), pool);
            try (Arena arena = Arena.ofShared()) {
                see(
                        layer,
                        seen,
                        decoder.load(loader(source, Optional.empty(), arena).observedBy(seen), layer));
            }
            int number = layer;
            uncalibrated += quantizer.quantize(
                    plan.matrices(layer),
                    seen,
                    share -> report(number, "rounding", SHARE_SEEING + SHARE_ROUNDING * share));
            try (Arena arena = Arena.ofShared()) {
                compute(layer, decoder.load(loader(written, how, arena), layer));
            }
            LOG.info("quantised layer {} of {}", layer + 1, layers);
        }
        return compare(plan, written, how);
    }

    private void see(int number, CalibratedLayer seen, LayerByLayer.Layer layer) {
        report(number, "calibrating", 0);
        original.forEach(hidden -> decoder.forward(layer, hidden));
        seen.observe(true);
        for (int i = 0; i < calibration.size(); i++) {
            report(number, "calibrating", SHARE_SEEING * i / calibration.size());
            decoder.forward(layer, calibration.get(i).clone());
        }
        seen.observe(false);
    }

    private void compute(int number, LayerByLayer.Layer layer) {
        double before = SHARE_SEEING + SHARE_ROUNDING;
        quantized.forEach(hidden -> decoder.forward(layer, hidden));
        boolean last = number == spec.layers().size() - 1;
        for (int i = 0; !last && i < calibration.size(); i++) {
            report(number, "computing", before + (1 - before) * i / calibration.size());
            decoder.forward(layer, calibration.get(i));
        }
    }

    private void report(int layer, String what, double share) {
        int layers = spec.layers().size();
        progress.at("layer " + (layer + 1) + " of " + layers + ": " + what, (layer + share) / layers);
    }

    private QuantizeReport compare(QuantizationPlan plan, Checkpoint written, Optional<Quantization> how) {
        progress.at("measuring", 1);
        double before = perplexity(source, Optional.empty(), original);
        double after = perplexity(written, how, quantized);
        return new QuantizeReport(
                before, after, plan.count(), uncalibrated, plan.left(), source.bytes(), written.bytes());
    }

    private double perplexity(Checkpoint checkpoint, Optional<Quantization> how, List<float[]> hidden) {
        try (Arena arena = Arena.ofShared()) {
            LayerByLayer.Head head = decoder.loadHead(loader(checkpoint, how, arena));
            return Math.exp(decoder.crossEntropy(head, tokens.heldOut(), hidden));
        }
    }
}
