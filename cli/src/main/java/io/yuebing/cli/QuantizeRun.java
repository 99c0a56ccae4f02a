package io.yuebing.cli;

import io.yuebing.api.UserError;
import io.yuebing.cli.hub.Amounts;
import io.yuebing.cli.hub.ModelLocator;
import io.yuebing.cli.log.Logging;
import io.yuebing.cli.settings.Configuration;
import io.yuebing.cli.settings.Settings;
import io.yuebing.kernels.KernelChoice;
import io.yuebing.model.CalibrationTokens;
import io.yuebing.model.Models;
import io.yuebing.model.QuantizeOptions;
import io.yuebing.model.QuantizeReport;
import io.yuebing.text.Tokenizer;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Quantises the model that a command line asks for, and prints what came of it. */
final class QuantizeRun {
    private static final double ENOUGH_TO_ESTIMATE = 0.02;

    private QuantizeRun() {}

    /** What the command line says beside the settings. */
    record Wish(
            String model,
            String method,
            Path out,
            @Nullable Path calibration,
            int groupSize,
            int samples,
            int sequenceLength,
            boolean actOrder) {

        int bits() {
            return switch (method) {
                case "gptq-int4", "int4" -> 4;
                case "gptq-int8", "int8" -> 8;
                default ->
                    throw new UserError("--method '" + method + "' is not supported; supported: gptq-int4, gptq-int8");
            };
        }
    }

    static void run(Configuration configuration, Wish wish, PrintWriter to) {
        Terminal terminal = Terminal.detect(System.getenv());
        Logging.configure("quantize", terminal.interactive() ? "warn" : "info");
        QuantizeOptions options = new QuantizeOptions(
                wish.bits(), wish.groupSize(), wish.actOrder(), configuration.get(Settings.THREADS));
        if (Files.exists(wish.out())) {
            throw new UserError("--out " + wish.out() + " exists already; remove it or name another folder");
        }
        KernelChoice.wish(configuration.get(Settings.KERNELS));
        Path model = ModelLocator.ofProcess(terminal)
                .present(configuration, wish.model())
                .directory();
        CalibrationText text =
                wish.calibration() == null ? CalibrationText.documentation() : CalibrationText.read(wish.calibration());
        CalibrationTokens tokens = tokens(model, text, wish);
        to.printf(
                "calibrating with %d sequences of %d tokens from %s%n",
                tokens.sequences().size(), tokens.longest(), text.origin());
        to.flush();
        QuantizeReport report;
        try (ProgressLine line = new ProgressLine(System.out, terminal)) {
            Progress progress = new Progress(line);
            report = Models.quantize(model, wish.out(), options, tokens, progress::at);
        }
        print(wish, tokens, report, to);
    }

    private static CalibrationTokens tokens(Path model, CalibrationText text, Wish wish) {
        try (Tokenizer tokenizer = Tokenizer.load(model)) {
            int[] specials = tokenizer.encode("", true);
            int[] beginning = specials.length == 0 ? specials : Arrays.copyOf(specials, 1);
            return CalibrationTokens.cut(
                    text.origin(),
                    tokenizer.encode(text.text(), false),
                    beginning,
                    wish.sequenceLength(),
                    wish.samples());
        }
    }

    private static void print(Wish wish, CalibrationTokens tokens, QuantizeReport report, PrintWriter to) {
        to.printf(
                Locale.ROOT,
                "wrote %s: %d matrices, %s instead of %s%n",
                wish.out(),
                report.matrices(),
                Amounts.bytes(report.bytesAfter()),
                Amounts.bytes(report.bytesBefore()));
        to.printf(
                Locale.ROOT,
                "perplexity on %d sequences kept aside: %.4f before, %.4f after (%+.2f %%)%n",
                tokens.heldOut().size(),
                report.perplexityBefore(),
                report.perplexityAfter(),
                100 * (report.perplexityAfter() / report.perplexityBefore() - 1));
        if (report.uncalibrated() > 0) {
            to.printf(
                    "%d matrices were rounded without calibration, since no token of the text used them; a longer text or"
                            + " more --samples may reach them%n",
                    report.uncalibrated());
        }
        if (!report.left().isEmpty()) {
            to.printf("%d matrices stay as they are: %s%n", report.left().size(), String.join(", ", report.left()));
        }
        to.flush();
    }

    /** Adds the time left to what is shown. */
    private static final class Progress {
        private final ProgressLine line;
        private final long began = System.nanoTime();

        Progress(ProgressLine line) {
            this.line = line;
        }

        void at(String what, double share) {
            long spent = System.nanoTime() - began;
            String left = share < ENOUGH_TO_ESTIMATE
                    ? ""
                    : ", " + Amounts.clock(Duration.ofNanos((long) (spent * (1 - share) / share))) + " left";
            line.at(what + left, share);
        }
    }
}
