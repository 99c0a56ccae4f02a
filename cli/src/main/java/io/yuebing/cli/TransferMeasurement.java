package io.yuebing.cli;

import io.yuebing.bench.TransferBench;
import io.yuebing.cli.log.Logging;
import io.yuebing.cli.process.JavaCommand;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.json.JsonMapper;

/** What {@code bench transfer} does; apart from the command, for only this process has the module of benchmarks. */
final class TransferMeasurement {
    private TransferMeasurement() {}

    static void run(
            List<String> protocols,
            List<String> operations,
            List<String> checksums,
            List<Long> blocks,
            List<Integer> inFlight,
            int lanes,
            int millis,
            boolean asJson,
            PrintWriter out)
            throws IOException, InterruptedException {
        Logging.configure("bench", "warn");
        TransferBench.Wish wish = new TransferBench.Wish(
                protocols,
                operations.stream().map(TransferBench.Operation::parse).toList(),
                checksums.stream().map(TransferBench::checksum).toList(),
                blocks,
                inFlight,
                lanes,
                millis);
        JavaCommand java = JavaCommand.of(System.getProperties(), System.getenv());
        if (!asJson) {
            out.printf(
                    "%-8s %-9s %-9s %9s %9s %9s %9s %9s %9s%n",
                    "way", "operation", "checksums", "block", "in flight", "GB/s", "p50 us", "p99 us", "CPU s/GB");
        }
        new TransferBench(wish, java::gateway).run(row -> print(out, asJson, row));
    }

    private static void print(PrintWriter out, boolean asJson, TransferBench.Row row) {
        if (asJson) {
            out.println(JsonMapper.shared().writeValueAsString(row));
        } else {
            out.printf(
                    Locale.ROOT,
                    "%-8s %-9s %-9s %9s %9d %9.2f %9.0f %9.0f %9.2f%n",
                    row.way(),
                    row.operation(),
                    row.checksums() ? "on" : "off",
                    size(row.blockBytes()),
                    row.inFlight(),
                    row.gigabytesPerSecond(),
                    row.p50Micros(),
                    row.p99Micros(),
                    row.cpuSecondsPerGigabyte());
        }
        out.flush();
    }

    private static String size(long bytes) {
        return bytes % (1 << 20) == 0 ? (bytes >> 20) + "MiB" : bytes % 1024 == 0 ? (bytes >> 10) + "KiB" : bytes + "B";
    }
}
