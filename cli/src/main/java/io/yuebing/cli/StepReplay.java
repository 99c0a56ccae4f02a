package io.yuebing.cli;

import io.yuebing.api.UserError;
import io.yuebing.cli.hub.ModelLocator;
import io.yuebing.cli.settings.Configuration;
import io.yuebing.cli.settings.Settings;
import io.yuebing.engine.CrashDump;
import io.yuebing.engine.CrashReplay;
import io.yuebing.engine.FiniteWatch;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kernels.KernelChoice;
import io.yuebing.model.CausalLm;
import io.yuebing.model.Models;
import io.yuebing.text.Tokenizer;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Computes a crash dump's step with a model, and prints what came of it. */
final class StepReplay {
    private StepReplay() {}

    /** Finds the model, which may have to be fetched. */
    @FunctionalInterface
    interface ModelSearch {
        ModelLocator.Located locate() throws InterruptedException;
    }

    static void run(Path file, ModelSearch search, Configuration configuration, boolean text, PrintWriter out)
            throws InterruptedException {
        CrashDump dump = CrashDump.read(file);
        ComputeMode compute = compute(dump, file);
        ModelLocator.Located located = search.locate();
        KernelChoice.wish(configuration.get(Settings.KERNELS));
        Models.LoadOptions options = new Models.LoadOptions(
                compute,
                configuration.get(Settings.THREADS),
                Models.ProgressListener.NONE,
                Optional.empty(),
                Optional.of(dump.config().maxModelLength()));
        try (CausalLm model = Models.load(located.directory(), options)) {
            checkModel(dump, located, model);
            printDump(dump, out);
            if (text) {
                printText(dump, located.directory(), out);
            }
            out.flush();
            printReport(CrashReplay.run(model, dump), out);
        }
        out.flush();
    }

    private static ComputeMode compute(CrashDump dump, Path file) {
        try {
            return ComputeMode.valueOf(dump.compute().toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new UserError(file + " is damaged: compute is '" + dump.compute() + "', expected f32 or int8.", e);
        }
    }

    private static void checkModel(CrashDump dump, ModelLocator.Located located, CausalLm model) {
        if (!model.fingerprint().equals(dump.fingerprint())) {
            throw new UserError("The step was computed with another model: the dump is of " + dump.model()
                    + " with fingerprint " + dump.fingerprint() + ", but " + located.directory() + " has "
                    + model.fingerprint() + "; name the right one with --model.");
        }
        int vocabulary = model.config().vocabSize();
        for (CrashDump.Slice slice : dump.slices()) {
            for (int token : slice.tokens()) {
                if (token < 0 || token >= vocabulary) {
                    throw new UserError("The dump is damaged: request " + slice.request() + " has the token id " + token
                            + ", but the model's vocabulary ends at " + (vocabulary - 1) + ".");
                }
            }
        }
    }

    private static void printDump(CrashDump dump, PrintWriter out) {
        out.println("failed:   " + dump.time() + ", yuebing " + dump.version() + ", " + dump.kernels());
        if (!dump.version().equals(CrashDump.runningVersion())) {
            out.println("          this is yuebing " + CrashDump.runningVersion() + ", which may compute otherwise");
        }
        if (!dump.kernels().equals(KernelChoice.describe())) {
            out.println("          computed here with " + KernelChoice.describe());
        }
        out.println("model:    " + dump.model() + ", compute " + dump.compute() + ", KV cache "
                + dump.config().kvType().wireName() + ", fingerprint matches");
        out.println("failure:  " + dump.failure());
        for (CrashDump.Slice slice : dump.slices()) {
            out.printf(
                    Locale.ROOT,
                    "sequence: %s, tokens %d to %d of %d, prompt %d, seed %d%s%n",
                    slice.request(),
                    slice.from(),
                    slice.to() - 1,
                    slice.length(),
                    slice.promptLength(),
                    slice.sampling().seed(),
                    slice.failure().map(why -> ": " + why).orElse(""));
        }
        if (dump.leftOut() > 0) {
            out.println("          " + dump.leftOut() + " more were left out of the file");
        }
        out.println();
    }

    private static void printText(CrashDump dump, Path model, PrintWriter out) {
        try (Tokenizer tokenizer = Tokenizer.load(model)) {
            for (CrashDump.Slice slice : dump.slices()) {
                out.println("text of " + slice.request() + ":");
                out.println(tokenizer.decode(slice.tokens(), false));
                out.println();
            }
        }
    }

    private static void printReport(CrashReplay.Report report, PrintWriter out) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("layer", "after", "largest value", "not finite", "first"));
        for (FiniteWatch.Stage stage : report.stages()) {
            rows.add(List.of(
                    stage.layer() < 0 ? "" : String.valueOf(stage.layer()),
                    stage.name(),
                    stage.values() == 0 ? "not reached" : String.format(Locale.ROOT, "%.4g", stage.largest()),
                    stage.notFinite() == 0
                            ? ""
                            : String.format(Locale.ROOT, "%d of %d", stage.notFinite(), stage.values()),
                    stage.first().map(row -> place(row, stage.channel())).orElse("")));
        }
        Table.print(out, rows);
        out.println();
        out.println(conclusion(report));
    }

    private static String place(FiniteWatch.Row row, int channel) {
        return row.request() + ", position " + row.position() + ", token " + row.token() + ", channel " + channel;
    }

    private static String conclusion(CrashReplay.Report report) {
        Optional<Throwable> thrown = report.thrown();
        Optional<FiniteWatch.Stage> first = report.first();
        if (thrown.isPresent()) {
            return "The step fails again: " + thrown.get();
        }
        return first.map(stage -> "Values leave the finite range at "
                        + (stage.layer() < 0 ? "the " + stage.name() : "layer " + stage.layer() + ", " + stage.name())
                        + ".")
                .orElse("All values are finite here: the step does not fail with this program, model and machine.");
    }
}
