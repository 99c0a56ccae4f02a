package io.yuebing.cli;

import io.yuebing.api.UserError;
import io.yuebing.bench.serving.HtmlReport;
import io.yuebing.bench.serving.Load;
import io.yuebing.bench.serving.PlannedRequest;
import io.yuebing.bench.serving.ServingBench;
import io.yuebing.bench.serving.ServingOptions;
import io.yuebing.bench.serving.ServingReport;
import io.yuebing.bench.serving.Workload;
import io.yuebing.cli.settings.Configuration;
import io.yuebing.cli.settings.Settings;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;

/** Turns a command line into a measurement of a server, and prints what it found. */
final class ServingMeasurement {
    private static final Pattern TIME = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,6})?)(ms|s)");
    private static final int MAX = 1 << 24;

    private ServingMeasurement() {}

    /** What the command line says. */
    record Wish(
            URI url,
            Optional<String> model,
            boolean chat,
            Optional<String> rate,
            Optional<Integer> concurrency,
            Optional<Path> trace,
            int requests,
            int promptTokens,
            int outputTokens,
            String sloTtft,
            String sloItl,
            long seed) {}

    static void run(Configuration configuration, Wish wish, Optional<Path> html, boolean asJson, PrintWriter out)
            throws InterruptedException {
        ServingOptions options = new ServingOptions(
                requireHttp(wish.url()),
                wish.model(),
                wish.chat(),
                configuration.find(Settings.API_KEY),
                load(wish),
                time("--slo-ttft", wish.sloTtft()),
                time("--slo-itl", wish.sloItl()),
                wish.seed());
        ServingReport report;
        List<PlannedRequest> planned = plan(wish, options.load());
        try (ProgressLine progress = new ProgressLine(System.out, Terminal.detect(System.getenv()))) {
            report = ServingBench.run(planned, options, progress::at);
        }
        html.ifPresent(file -> HtmlReport.write(report, file));
        if (asJson) {
            out.println(JsonMapper.shared().writeValueAsString(report.fields()));
        } else {
            out.println(
                    report.model() + " at " + wish.url() + ": " + options.load().describe() + ", seed " + wish.seed());
            out.println();
            Table.print(out, report.figures());
            out.println();
            Table.print(out, report.latencies());
            html.ifPresent(file -> out.println("\nreport with plots: " + file));
        }
        out.flush();
    }

    private static List<PlannedRequest> plan(Wish wish, Load load) {
        int requests = check("--requests", wish.requests());
        if (wish.trace().isPresent()) {
            return Workload.trace(wish.trace().get(), requests);
        }
        return Workload.equal(
                requests,
                check("--prompt-tokens", wish.promptTokens()),
                check("--output-tokens", wish.outputTokens()),
                load,
                wish.seed());
    }

    private static Load load(Wish wish) {
        if (Stream.of(wish.rate(), wish.concurrency(), wish.trace())
                        .filter(Optional::isPresent)
                        .count()
                > 1) {
            throw new UserError("--rate, --concurrency and --trace each say when requests are sent; give one of them");
        }
        if (wish.trace().isPresent()) {
            return new Load.Replay();
        }
        return wish.rate()
                .<Load>map(rate -> new Load.OpenLoop(rate(rate)))
                .orElseGet(() -> new Load.ClosedLoop(
                        check("--concurrency", wish.concurrency().orElse(1))));
    }

    private static double rate(String text) {
        try {
            double rate = text.equals("inf") ? Double.POSITIVE_INFINITY : Double.parseDouble(text);
            if (rate > 0) {
                return rate;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw new UserError("--rate: expected requests per second such as 2 or 0.5, or inf, got '" + text + "'");
    }

    private static Duration time(String option, String text) {
        Matcher matcher = TIME.matcher(text);
        if (!matcher.matches()) {
            throw new UserError(option + ": expected a time such as 1s or 50ms, got '" + text + "'");
        }
        double millis = Double.parseDouble(matcher.group(1)) * (matcher.group(2).equals("s") ? 1000 : 1);
        return Duration.ofNanos(Math.round(millis * 1e6));
    }

    private static int check(String option, int value) {
        if (value < 1 || value > MAX) {
            throw new UserError(option + ": expected an integer from 1 to " + MAX + ", got " + value);
        }
        return value;
    }

    private static URI requireHttp(URI url) {
        if (url.getHost() == null || !("http".equals(url.getScheme()) || "https".equals(url.getScheme()))) {
            throw new UserError("--url: expected an address such as http://localhost:8000, got '" + url + "'");
        }
        return url;
    }
}
