package io.yuebing.cli;

import io.yuebing.bench.engine.EngineBench;
import io.yuebing.bench.engine.EngineBenchOptions;
import io.yuebing.bench.engine.EngineReport;
import io.yuebing.cli.hub.Amounts;
import io.yuebing.cli.hub.ModelLocator;
import io.yuebing.cli.log.Logging;
import io.yuebing.cli.settings.Configuration;
import io.yuebing.cli.settings.Settings;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kernels.KernelChoice;
import io.yuebing.kv.ElementType;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.json.JsonMapper;

/** Turns settings into a measurement of the engine, and prints what it found. */
final class EngineMeasurement {
    private EngineMeasurement() {}

    /** What the command line says beside the settings; {@link EngineBenchOptions} explains and checks it. */
    record Wish(int prompt, int generate, List<Integer> batches, int rounds, long seed, boolean structured) {}

    static void run(Configuration configuration, Wish wish, boolean asJson, PrintWriter out)
            throws InterruptedException {
        Logging.configure("bench", "warn");
        EngineBenchOptions options = new EngineBenchOptions(
                wish.prompt(),
                wish.generate(),
                wish.batches(),
                wish.rounds(),
                wish.seed(),
                configuration.get(Settings.THREADS),
                ComputeMode.valueOf(configuration.get(Settings.COMPUTE).toUpperCase(Locale.ROOT)),
                ElementType.parse(configuration.get(Settings.KV_DTYPE)),
                configuration.get(Settings.BLOCK_SIZE),
                configuration.get(Settings.MAX_NUM_BATCHED_TOKENS),
                wish.structured());
        Terminal terminal = Terminal.detect(System.getenv());
        ModelLocator.Located model = ModelLocator.ofProcess(terminal).locate(configuration);
        KernelChoice.wish(configuration.get(Settings.KERNELS));
        EngineReport report;
        try (ProgressLine progress = new ProgressLine(System.out, terminal)) {
            report = EngineBench.run(
                    model.name(), model.directory(), options, NodeStart.weightCache(configuration), progress::at);
        }
        if (asJson) {
            out.println(JsonMapper.shared().writeValueAsString(report.fields()));
        } else {
            print(report, out);
        }
        out.flush();
    }

    private static void print(EngineReport report, PrintWriter out) {
        EngineBenchOptions o = report.options();
        out.printf(
                "%s: prompt %d, generate %d, %d rounds, seed %d%n",
                report.model(), o.prompt(), o.generate(), o.rounds(), o.seed());
        out.printf(
                "%d threads, %s, compute %s, KV cache %s%n",
                o.threads(),
                KernelChoice.describe(),
                o.compute().name().toLowerCase(Locale.ROOT),
                o.kvType().wireName());
        out.println();
        Table.print(out, report.table());
        out.println();
        out.printf(
                Locale.ROOT,
                "limits measured: read %.1f GB/s, float FMA %.1f GMAC/s%n",
                report.limits().readBytesPerSecond() / 1e9,
                report.limits().macsPerSecond() / 1e9);
        out.printf(Locale.ROOT, "loaded in %.2f s", report.loadSeconds());
        report.peakMemory().ifPresent(bytes -> out.printf(", peak memory %s", Amounts.bytes(bytes)));
        out.println();
    }
}
