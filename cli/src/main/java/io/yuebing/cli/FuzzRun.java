package io.yuebing.cli;

import io.yuebing.api.UserError;
import io.yuebing.bench.fuzz.Fuzz;
import io.yuebing.bench.fuzz.FuzzFormat;
import io.yuebing.bench.fuzz.FuzzOptions;
import io.yuebing.bench.fuzz.FuzzReport;
import io.yuebing.cli.hub.Amounts;
import io.yuebing.cli.log.Logging;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** Damages the files that a command line asks for, and prints what became of them. */
final class FuzzRun {
    private static final double MOST_MINUTES = 100_000;

    private FuzzRun() {}

    static int run(List<String> formats, long mutations, @Nullable Long seed, double minutes, Path out, PrintWriter to)
            throws InterruptedException {
        if (mutations < 1) {
            throw new UserError("--mutations must be at least 1, got " + mutations);
        }
        if (!(minutes > 0 && minutes <= MOST_MINUTES)) {
            throw new UserError("--minutes must be above 0 and at most 100000, got " + minutes);
        }
        List<FuzzFormat> chosen = formats.isEmpty()
                ? List.of(FuzzFormat.values())
                : formats.stream().map(FuzzFormat::named).toList();
        long used = seed == null ? ThreadLocalRandom.current().nextInt(1_000_000) : seed;
        Logging.configure("bench", "error");
        to.println("fuzz with --seed " + used + ", " + mutations + " mutations of each format");
        to.flush();
        FuzzReport report;
        try (ProgressLine progress = new ProgressLine(System.out, Terminal.detect(System.getenv()))) {
            Duration limit = Duration.ofMillis((long) (minutes * 60_000));
            report = Fuzz.run(new FuzzOptions(chosen, mutations, used, limit, out), progress::at);
        }
        print(report, to);
        return report.findings().isEmpty() ? 0 : Failures.FAILURE;
    }

    private static void print(FuzzReport report, PrintWriter to) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("format", "loaded", "refused", "failed", "most memory"));
        for (FuzzReport.Row row : report.rows()) {
            rows.add(List.of(
                    row.format().label(),
                    String.valueOf(row.loaded()),
                    String.valueOf(row.refused()),
                    String.valueOf(row.failed()),
                    Amounts.bytes(row.mostAllocated())));
        }
        Table.print(to, rows);
        for (FuzzReport.Finding finding : report.findings()) {
            to.println(finding.format().label() + ", attempt " + finding.attempt() + ": " + finding.what());
            to.println("  kept as " + finding.place());
        }
        to.flush();
    }
}
