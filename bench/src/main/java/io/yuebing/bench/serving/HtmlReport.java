package io.yuebing.bench.serving;

import io.yuebing.api.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Writes a report as one page that needs nothing else: light and dark, no network. */
public final class HtmlReport {
    private static final String STYLE = """
            :root { color-scheme: light dark; --ink: #1d2330; --soft: #667085; --line: #e3e6ec; --page: #ffffff;
                    --card: #f7f8fa; --good: #2563c9; --bad: #d4462c; }
            @media (prefers-color-scheme: dark) {
              :root { --ink: #e6e9ef; --soft: #98a2b3; --line: #2b3140; --page: #12151c; --card: #191e28;
                      --good: #6ea8ff; --bad: #ff7a5f; }
            }
            body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page);
                   max-width: 1240px; margin: 2rem auto; padding: 0 1rem;
                   overflow-wrap: anywhere; }
            h1 { font-size: 1.4rem; margin-bottom: 0; } h2 { font-size: 1rem; margin: 0 0 .5rem; }
            p { color: var(--soft); margin-top: .2rem; }
            .grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); gap: 1rem; }
            section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem; }
            table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
            th, td { text-align: right; padding: .3rem .5rem; border-bottom: 1px solid var(--line); }
            th:first-child, td:first-child { text-align: left; } th, td { overflow-wrap: normal; }
            .figures td { overflow-wrap: anywhere; }
            .figures td { text-align: left; } .figures td:first-child { color: var(--soft); white-space: nowrap; }
            svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: var(--soft); }
            line.rule { stroke: var(--line); } line.level { stroke: var(--bad); stroke-dasharray: 5 4; }
            .curve { fill: none; stroke: var(--good); stroke-width: 2; }
            .good { fill: var(--good); fill-opacity: .7; } .bad { fill: none; stroke: var(--bad); stroke-width: 1.6; }
            """;

    private HtmlReport() {}

    /**
     * Writes the page.
     *
     * @throws UserError if the file cannot be written
     */
    public static void write(ServingReport report, Path file) {
        try {
            Files.writeString(file, page(report));
        } catch (IOException e) {
            throw new UserError("cannot write the report " + file + ": " + e.getMessage(), e);
        }
    }

    static String page(ServingReport report) {
        ServingStatistics statistics = report.statistics();
        StringBuilder page = new StringBuilder("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
                .append(
                        "<meta name=\"viewport\" content=\"width=device-width\"><title>Serving benchmark</title><style>\n")
                .append(STYLE)
                .append("</style></head><body>\n<h1>")
                .append(escaped(report.model()))
                .append("</h1><p>")
                .append(escaped(
                        report.options().url() + ", " + report.options().load().describe() + ", seed "
                                + report.options().seed()))
                .append("</p>\n<div class=\"grid\">");
        section(page, "Throughput", "<table class=\"figures\">" + rows(report.figures(), "td") + "</table>");
        List<List<String>> latencies = report.latencies();
        section(
                page,
                "Latencies",
                "<table>" + rows(latencies.subList(0, 1), "th") + rows(latencies.subList(1, latencies.size()), "td")
                        + "</table>");
        if (statistics.answered() > 0) {
            plots(page, report);
        }
        return page.append("</div></body></html>\n").toString();
    }

    private static void plots(StringBuilder page, ServingReport report) {
        ServingOptions options = report.options();
        List<Chart.Point> points = report.records().stream()
                .filter(RequestRecord::answered)
                .map(record -> new Chart.Point(
                        record.intended() / 1e9,
                        record.ttft(),
                        ServingStatistics.good(record, options.sloTtft(), options.sloItl())))
                .toList();
        long level = options.sloTtft().toMillis();
        String byStart = "Time to first token by start";
        section(
                page,
                byStart,
                Chart.scatter(byStart, "start of the request, s", "time to first token, ms", level, points)
                        + "<p>Crosses miss a service level; the line is that of the first token, " + level
                        + " ms.</p>");
        ServingStatistics statistics = report.statistics();
        share(page, "Time to first token", "requests, %", statistics.ttft());
        share(page, "Time between tokens", "gaps, %", statistics.itl());
        share(page, "Time to the end of the answer", "requests, %", statistics.latency());
    }

    private static void share(StringBuilder page, String title, String labelY, Distribution values) {
        if (values.sorted().length > 0) {
            section(page, title, Chart.cumulative(title, "up to so many ms", labelY, values));
        }
    }

    private static void section(StringBuilder page, String title, String content) {
        page.append("<section><h2>")
                .append(title)
                .append("</h2>")
                .append(content)
                .append("</section>\n");
    }

    private static String rows(List<List<String>> rows, String tag) {
        StringBuilder table = new StringBuilder();
        for (List<String> row : rows) {
            table.append("<tr>");
            row.forEach(cell -> table.append('<')
                    .append(tag)
                    .append('>')
                    .append(escaped(cell))
                    .append("</")
                    .append(tag)
                    .append('>'));
            table.append("</tr>");
        }
        return table.toString();
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
